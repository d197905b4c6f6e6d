#!/usr/bin/env node
// The way in: plain JavaScript that even Node 12 can read, so that an old Node gets a sentence instead of a syntax error.
import { existsSync } from 'node:fs'
import nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const needed = 24
const root = fileURLToPath(new URL('..', import.meta.url))

function bundledNode() {
  const folder = `${root}node_modules/node-${process.platform}-${process.arch}`
  return existsSync(folder)
}

function refuseOldNode() {
  const message = `Lockstep needs Node ${needed} or newer, this is ${process.versions.node}`
  const hint = bundledNode()
    ? `run \`npx lockstep …\` (or \`npm run …\`): they use the Node ${needed} that \`npm ci\` put into node_modules`
    : `run \`npm ci\`, which brings Node ${needed} as an optional package that npx and npm run use, or install Node ${needed}`
  process.stderr.write(`error USAGE: ${message}; ${hint}\n`)
  if (process.argv.indexOf('--json') !== -1) {
    process.stdout.write(`${JSON.stringify({ error: { code: 'USAGE', message: message, hint: hint } }, null, 2)}\n`)
  }
  process.exit(2)
}

if (Number(process.versions.node.split('.')[0]) < needed) refuseOldNode()
else {
  // Keeps the compiled code between runs: `lockstep --help` takes half the time. Never in a shared temporary folder.
  nodeModule.enableCompileCache(`${root}node_modules/.cache/lockstep`)
  import('./lockstep.ts')
}
