import { Duration } from 'aws-cdk-lib'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { lookMinutes } from '../../functions/edge/alarm-table.ts'

interface WatchSchedulesProps {
  readonly watch: lambda.IFunction
  readonly targets: readonly string[]
}

/** A rule's input has room for 8,192 characters, and a name at most 63. */
const namesAnInput = 100
/** EventBridge allows a rule five targets. */
const inputsARule = 5

/** In the small hours, at a minute when few others begin. */
const daily = events.Schedule.cron({ minute: '17', hour: '3' })
const often = events.Schedule.rate(Duration.minutes(lookMinutes))

/** Are the schedules that have every target looked at, every few minutes, and reconciled with its database, once a day. */
export class WatchSchedules extends Construct {
  constructor(scope: Construct, id: string, { watch, targets: names }: WatchSchedulesProps) {
    super(scope, id)
    for (const [index, inputs] of chunked(chunked(names, namesAnInput), inputsARule).entries()) {
      this.#rule(
        `Look${index}`,
        often,
        inputs.map((some) => ({ action: 'look', targets: some })),
        watch,
      )
      this.#rule(
        `Reconcile${index}`,
        daily,
        inputs.map((some) => ({ action: 'reconcile', targets: some })),
        watch,
      )
    }
  }

  #rule(id: string, schedule: events.Schedule, inputs: readonly object[], watch: lambda.IFunction): void {
    new events.Rule(this, id, {
      schedule,
      targets: inputs.map(
        (input) =>
          new targets.LambdaFunction(watch, { event: events.RuleTargetInput.fromObject(input), retryAttempts: 2 }),
      ),
    })
  }
}

const chunked = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
