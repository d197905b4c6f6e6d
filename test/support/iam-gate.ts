import { environment, type FunctionName } from '../../functions/edge/resources.ts'
import { type LoopbackHandler, listenOnLoopback } from '../../scripts/local/loopback.ts'
import { asksOf, type Service, services } from './iam-asks.ts'
import { type Ask, decide } from './iam-decision.ts'
import { accessKeyOf, forward, readRequest, relay, signerOf } from './iam-gate-http.ts'
import { refuseByIam } from './iam-refusal.ts'
import type { StatementsByFunction } from './iam-statements.ts'
import { type FunctionAsk, showRight } from './rights.ts'

type Variables = Readonly<Record<string, string>>

/**
 * Stands between the functions and the embedded cloud's AWS: reads of each request which function asks for which actions on which
 * resources, writes it down, and lets through only what the statements of that function's role allow.
 */
export interface IamGate {
  /** Makes the variables that lead a function through the gate, and have it sign with a key that names it. */
  variablesInside(outside: Variables): Promise<(name: FunctionName) => Variables>
  /** Judges and writes down what is asked past the gate. */
  ask(ask: FunctionAsk): void
  /** What was asked, each right once. */
  asked(): readonly FunctionAsk[]
  /** What was refused or not understood, each as one line. */
  readonly troubles: readonly string[]
  stop(): Promise<void>
}

const endpointVariables: Readonly<Record<Service, string>> = {
  s3: 'AWS_ENDPOINT_URL_S3',
  sqs: 'AWS_ENDPOINT_URL_SQS',
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  lambda: 'AWS_ENDPOINT_URL_LAMBDA',
  events: 'AWS_ENDPOINT_URL_EVENTBRIDGE',
}

/** Starts a gate that evaluates these statements. */
export async function startIamGate(statements: StatementsByFunction): Promise<IamGate> {
  const seen = new Map<string, FunctionAsk>()
  const troubles: string[] = []
  let outside: Variables = {}

  const isRefused = (ask: FunctionAsk): boolean => {
    seen.set(showRight(ask), ask)
    const decision = decide(statements.get(ask.name) ?? [], ask)
    if (decision !== 'allowed') troubles.push(`${decision} ${showRight(ask)}`)
    return decision !== 'allowed'
  }

  const pass: LoopbackHandler = async (request, response) => {
    const { name, service } = signerOf(request)
    const asked = await readRequest(request)
    const { asks, ifAbsent } = asksOf(service, asked)
    const refuse = (all: readonly Ask[]): boolean => {
      const refused = all.map((ask) => ({ ...ask, name })).find(isRefused)
      if (refused !== undefined) refuseByIam(response, service, { method: asked.method, ask: refused })
      return refused !== undefined
    }
    if (refuse(asks)) return
    const answer = await forward(outside[endpointVariables[service]] ?? '', asked)
    if (answer.statusCode === 404 && refuse(ifAbsent)) answer.resume()
    else relay(answer, response)
  }

  const server = await listenOnLoopback(async (request, response) => {
    try {
      await pass(request, response)
    } catch (thrown) {
      troubles.push(String(thrown))
      throw thrown
    }
  })
  return {
    variablesInside: async (variables) => {
      outside = variables
      const inside = { ...variables, ...leadingTo(server.endpoint, variables) }
      return (name) => ({ ...inside, AWS_ACCESS_KEY_ID: accessKeyOf(name) })
    },
    ask: (ask) => void isRefused(ask),
    asked: () => [...seen.values()],
    troubles,
    stop: server.stop,
  }
}

/** Endpoints, and the queues' URLs, which carry one. */
const leadingTo = (gate: string, variables: Variables): Variables => {
  const endpoints = services.map((service) => [endpointVariables[service], gate])
  const queues = [environment.queueUrl, environment.deadLetterUrl].map((name) => [
    name,
    `${gate}${new URL(variables[name] ?? '').pathname}`,
  ])
  return Object.fromEntries([...endpoints, ...queues])
}
