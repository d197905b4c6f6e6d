import type { IncomingMessage, ServerResponse } from 'node:http'
import type { S3Error } from './s3-error.ts'
import { hostId, newRequestId } from './s3-event.ts'

/** Ends an answer that has no body. */
export const answerEmpty = (
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': '0' }) })
  response.end()
}

/** An XML element: text, or elements, or the same element several times. */
export type Xml = string | number | boolean | { readonly [name: string]: Xml | readonly Xml[] | undefined }

/** Ends an answer with an XML document. */
export const answerXml = (
  response: ServerResponse,
  status: number,
  document: { readonly [root: string]: Xml },
): void => {
  const text = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${render(document)}`)
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': text.length })
  response.end(text)
}

/** Answers a refusal as S3 does; the body of the answer to a HEAD is empty. */
export const answerError = (request: IncomingMessage, response: ServerResponse, error: S3Error): void => {
  request.resume()
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  if (request.method === 'HEAD') {
    answerEmpty(response, error.status)
    return
  }
  answerXml(response, error.status, {
    Error: {
      Code: error.code,
      Message: error.message,
      Resource: (request.url ?? '').split('?')[0] ?? '',
      RequestId: String(response.getHeader('x-amz-request-id')),
      HostId: hostId,
    },
  })
}

/** Gives an answer its ids, which S3's clients put into their error messages. */
export const identifyAnswer = (response: ServerResponse): string => {
  const requestId = newRequestId()
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('x-amz-id-2', hostId)
  return requestId
}

const render = (element: Xml): string => {
  if (typeof element !== 'object') return escapeXml(String(element))
  return Object.entries(element)
    .flatMap(([name, value]) => (isList(value) ? value.map((one) => tag(name, one)) : [tag(name, value)]))
    .join('')
}

const isList = (value: Xml | readonly Xml[] | undefined): value is readonly Xml[] => Array.isArray(value)

const tag = (name: string, value: Xml | undefined): string =>
  value === undefined ? '' : `<${name}>${render(value)}</${name}>`

const escapeXml = (text: string): string => text.replace(/[&<>"\r]/g, (char) => entities[char] ?? char)

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
}
