import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

export const bin = resolve(import.meta.dirname, '..', '..', 'scripts', 'lockstep.js')

export interface CliRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface CliOptions {
  readonly cwd?: string
  /** Beside PATH and HOME, the only variables that the child sees. */
  readonly env?: Readonly<Record<string, string>>
  /** The program and arguments that run the bin instead of this very Node. */
  readonly node?: readonly string[]
  /** Another copy of the bin. */
  readonly script?: string
}

/** Runs the command line as a user does, in a process of its own, and waits for its end. */
export function lockstep(
  args: readonly string[],
  { cwd = tmpdir(), env = {}, node, script = bin }: CliOptions = {},
): Promise<CliRun> {
  const [program = process.execPath, ...before] = node ?? []
  const { PATH = '', HOME = '' } = process.env
  const options = { cwd, env: { PATH, HOME, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return new Promise((settle) => {
    const child = execFile(program, [...before, script, ...args], options, (_error, stdout, stderr) => {
      settle({ code: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

/** Makes a folder with these files for one test. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
