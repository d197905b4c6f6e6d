import { readFile } from 'node:fs/promises'

/** The user that PostgreSQL's processes run as when the caller is root, which PostgreSQL refuses to run as. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** `nobody` wherever a system names one; a uid without an entry in the password file will do as well. */
const nobody: Account = { uid: 65534, gid: 65534 }

/** Chooses the account for the server; undefined means the caller's own. */
export const serverAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const entries = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return namedAccount(entries, 'postgres') ?? nobody
}

const namedAccount = (passwd: string, name: string): Account | undefined => {
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
  const uid = Number(fields?.[2])
  const gid = Number(fields?.[3])
  return uid > 0 && gid > 0 ? { uid, gid } : undefined
}
