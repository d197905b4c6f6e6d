import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { BundleOrigin } from '../../functions/domain/bundle-manifest.ts'

const run = promisify(execFile)
/** A repository on a network drive may take its time; a bundle without an origin is fine too. */
const timeoutMs = 5_000

/**
 * Reads where a folder comes from: commit, branch and URL of its git work tree; nothing where there is none, or no git.
 *
 * As in `git describe`, a commit whose files in this folder were changed since ends in `-dirty`.
 */
export async function gitOrigin(folder: string): Promise<BundleOrigin> {
  const [commit, changes, branch, url] = await Promise.all([
    git(folder, ['rev-parse', 'HEAD']),
    git(folder, ['status', '--porcelain', '--', '.']),
    git(folder, ['branch', '--show-current']),
    git(folder, ['remote', 'get-url', 'origin']),
  ])
  if (commit === undefined) return {}
  return {
    commit: changes === undefined ? commit : `${commit}-dirty`,
    ...(branch !== undefined && { branch }),
    ...(url !== undefined && { url }),
  }
}

/** What git prints, undefined when that is nothing or it refuses. */
const git = async (folder: string, words: readonly string[]): Promise<string | undefined> => {
  try {
    const { stdout } = await run('git', ['-C', folder, ...words], { timeout: timeoutMs })
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}
