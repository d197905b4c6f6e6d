import type { ServerResponse } from 'node:http'
import { answerJson } from '../../scripts/local/loopback.ts'
import type { Service } from './iam-asks.ts'
import { type FunctionAsk, showRight } from './rights.ts'

/** Answers as the service does when IAM says no. */
export function refuseByIam(
  response: ServerResponse,
  service: Service,
  { method, ask }: { readonly method: string; readonly ask: FunctionAsk },
): void {
  const message = `User is not authorized: ${showRight(ask)}`
  switch (service) {
    case 's3': {
      const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`
      response.writeHead(403, { 'content-type': 'application/xml' }).end(method === 'HEAD' ? undefined : text)
      return
    }
    case 'lambda':
      answerJson(response, {
        status: 403,
        headers: { 'x-amzn-errortype': 'AccessDeniedException' },
        body: { Message: message },
      })
      return
    case 'dynamodb':
    case 'sqs':
    case 'events':
      answerJson(response, {
        status: 400,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: { __type: 'com.amazon.coral.service#AccessDeniedException', message },
      })
  }
}
