import { runCommandLine } from './cli/command-line.ts'

/** A reader that went away (`lockstep status | head`) is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const code = await runCommandLine({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
})
// Ends whatever a client keeps open, but only after the last line has left.
process.stdout.write('', () => process.exit(code))
