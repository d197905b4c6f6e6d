import { App } from 'aws-cdk-lib'
import cdk from '../cdk.json' with { type: 'json' }
import { refuseUnknownKeys } from './context.ts'
import { deploymentKeys, readDeployment } from './deployment.ts'
import { readSample, sampleKeys } from './sample/read-sample.ts'
import { SampleStack } from './sample/sample-stack.ts'
import { LockstepStack } from './stack.ts'

const description = 'Lockstep: migrates PostgreSQL databases, once, in order, by one runner, and proves it'

/** The CDK command line hands `cdk.json` over, and `-c` wins over it; without the command line it is read here. */
const app = new App({ context: cdk.context })
refuseUnknownKeys(app.node, [...deploymentKeys, ...sampleKeys])
const sample = readSample(app.node)

if (sample === undefined) new LockstepStack(app, 'Lockstep', { description, deployment: readDeployment(app.node) })
else new SampleStack(app, `Lockstep-${sample.stage}`, { description, sample })

app.synth()
