import { App } from 'aws-cdk-lib'
import cdk from '../cdk.json' with { type: 'json' }
import { readDeployment } from './deployment.ts'
import { LockstepStack } from './stack.ts'

/** The CDK command line hands `cdk.json` over, and `-c` wins over it; without the command line it is read here. */
const app = new App({ context: cdk.context })

new LockstepStack(app, 'Lockstep', {
  description: 'Lockstep: migrates PostgreSQL databases, once, in order, by one runner, and proves it',
  deployment: readDeployment(app.node),
})

app.synth()
