import type * as lambda from 'aws-cdk-lib/aws-lambda'

/** What may be decided about the functions. */
export interface FunctionOptions {
  /**
   * X-Ray's traces of all functions: when they were started and by whom, how long they took, what failed. Lambda sends them itself, past
   * the VPC, so that the runner needs no way to X-Ray.
   *
   * @default Tracing.ACTIVE
   */
  readonly tracing?: lambda.Tracing
}
