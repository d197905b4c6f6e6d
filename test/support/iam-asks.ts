import type { IncomingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { dynamodbAsks } from './iam-asks-dynamodb.ts'
import { type S3Asks, s3Asks } from './iam-asks-s3.ts'
import type { Ask } from './iam-decision.ts'
import { templateName } from './iam-names.ts'

/** The services that functions speak to, as requests are signed for them. */
export const services = ['s3', 'sqs', 'dynamodb', 'lambda', 'events'] as const
export type Service = (typeof services)[number]

/** A request as it came, whole. */
export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Reads what a request asks of IAM. @throws Error for a request that the gate does not know */
export function asksOf(service: Service, asked: Asked): S3Asks {
  if (service === 's3') return s3Asks(asked)
  return { asks: otherAsks(service, asked), ifAbsent: [] }
}

const otherAsks = (service: Exclude<Service, 's3'>, asked: Asked): readonly Ask[] => {
  switch (service) {
    case 'dynamodb':
      return dynamodbAsks(operationOf(asked), jsonOf(asked))
    case 'sqs':
      return [queueAsk(operationOf(asked), jsonOf(asked))]
    case 'events':
      return eventAsks(operationOf(asked), jsonOf(asked))
    case 'lambda':
      return [invokeAsk(asked)]
  }
}

/** As AWS's JSON protocols name it: `DynamoDB_20120810.GetItem`. */
const operationOf = ({ headers }: Asked): string => String(headers['x-amz-target']).split('.')[1] ?? ''
const jsonOf = ({ body }: Asked): unknown => JSON.parse(body.toString())

const queued = z.object({ QueueUrl: z.string() })

const queueAsk = (operation: string, body: unknown): Ask => {
  if (!['SendMessage', 'ChangeMessageVisibility'].includes(operation))
    throw new Error(`the gate does not know SQS's ${operation}`)
  const name = new URL(queued.parse(body).QueueUrl).pathname.split('/').at(-1) ?? ''
  return { action: `sqs:${operation}`, resource: templateName('queue', name) }
}

const published = z.object({ Entries: z.array(z.object({ EventBusName: z.string() })).min(1) })

const eventAsks = (operation: string, body: unknown): readonly Ask[] => {
  if (operation !== 'PutEvents') throw new Error(`the gate does not know EventBridge's ${operation}`)
  return published
    .parse(body)
    .Entries.map(({ EventBusName }) => ({ action: 'events:PutEvents', resource: templateName('bus', EventBusName) }))
}

/** Asks for the function itself, or for the alias that it is called by. */
const invokeAsk = ({ method, url }: Asked): Ask => {
  const [, name] = /^\/2015-03-31\/functions\/([a-z-]+)\/invocations$/.exec(url.pathname) ?? []
  if (method !== 'POST' || name === undefined)
    throw new Error(`the gate does not know Lambda's ${method} ${url.pathname}`)
  const qualifier = url.searchParams.get('Qualifier')
  const resource = templateName('function', name)
  return { action: 'lambda:InvokeFunction', resource: qualifier === null ? resource : `${resource}:${qualifier}` }
}
