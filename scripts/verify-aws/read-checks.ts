import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What only AWS can show, and the script that shows it: a file of `checks/`, whose first lines say what it is. */
export interface AwsCheck {
  /** Its file's name, without number and ending. */
  readonly id: string
  readonly file: string
  /** What is true when the script exits with 0. */
  readonly claim: string
  /** What one sees when it is not. */
  readonly wrong: string
  /** What stays in the account. */
  readonly leaves?: string
  /** Variables without which it is skipped, each with what it is. */
  readonly wants: readonly string[]
}

const folder = join(import.meta.dirname, 'checks')

/** Reads all checks, in the order in which they build on each other. */
export async function readChecks(): Promise<readonly AwsCheck[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sh')).toSorted()
  return await Promise.all(names.map(readCheck))
}

const readCheck = async (name: string): Promise<AwsCheck> => {
  const file = join(folder, name)
  const id = name.replace(/^\d+-|\.sh$/g, '')
  const lines = [...(await readFile(file, 'utf8')).matchAll(/^# (claim|wrong|leaves|wants): (.+)$/gm)]
  const said = (key: string) => lines.filter((line) => line[1] === key).map((line) => line[2] ?? '')
  const [claim, wrong, leaves] = [...said('claim'), ...said('wrong'), ...said('leaves')]
  if (claim === undefined || wrong === undefined) throw new Error(`${name} says no claim, or not what is wrong`)
  return { id, file, claim, wrong, wants: said('wants'), ...(leaves !== undefined && { leaves }) }
}

/** Names the variables that a check wants and the environment lacks. */
export const missingWants = (check: AwsCheck, env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  check.wants.map((want) => want.split(/[,=;]/, 1)[0] ?? '').filter((name) => !env[name])
