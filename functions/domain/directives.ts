import { closestWord } from './closest-word.ts'
import type { DirectiveComment } from './directive-comments.ts'
import { parseDurationMs } from './duration.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import type { Directives } from './step-source.ts'

type Values = Partial<Omit<Directives, 'transaction'>> & { readonly transaction?: 'none' | 'file' }

/** How a directive is written, and how its value is read: undefined when the value is not one. */
interface Rule {
  readonly form: string
  read(rest: string): Values | undefined
}

const durationRule = (name: string, toValues: (ms: number) => Values): Rule => ({
  form: `${name}=<number and ms, s, min or h>`,
  read: (rest) => {
    const ms = parseDurationMs(valueAfter(rest) ?? '')
    return ms === undefined ? undefined : toValues(ms)
  },
})

const rules: Readonly<Record<string, Rule>> = {
  transaction: {
    form: 'transaction=none or transaction=file',
    read: (rest) => {
      const transaction = valueAfter(rest)
      return transaction === 'none' || transaction === 'file' ? { transaction } : undefined
    },
  },
  lock_timeout: durationRule('lock_timeout', (lockTimeoutMs) => ({ lockTimeoutMs })),
  statement_timeout: durationRule('statement_timeout', (statementTimeoutMs) => ({ statementTimeoutMs })),
  irreversible: {
    form: 'irreversible <reason>',
    read: (rest) => (/^\s+\S/.test(rest) ? { irreversible: rest.trim() } : undefined),
  },
  preserve: {
    form: 'preserve=none',
    read: (rest) => (valueAfter(rest) === 'none' ? { preserve: 'none' } : undefined),
  },
}

const namePattern = /^[\w-]+/

/**
 * Reads the directives at a file's head: `-- lockstep:transaction=none`, `-- lockstep:lock_timeout=3s`, …
 *
 * @throws LockstepError DIRECTIVE_UNKNOWN, or DIRECTIVE_INVALID for a bad value, a repetition, and one that its file can't have
 */
export const readDirectives = (file: SqlFile, comments: readonly DirectiveComment[]): Directives => {
  const seen = new Set<string>()
  let directives: Directives = { transaction: 'step' }
  for (const comment of comments) {
    const name = namePattern.exec(comment.text)?.[0] ?? ''
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (!rule) throw unknown(file, comment, name)
    if (seen.has(name)) throw invalid(file, comment, `directive ${name} stands twice`)
    refuseRole(file, comment, name)
    const values = rule.read(comment.text.slice(name.length))
    if (!values) throw invalid(file, comment, `got \`${comment.text}\`, expected ${rule.form}`)
    seen.add(name)
    directives = { ...directives, ...values }
  }
  return directives
}

const valueAfter = (rest: string): string | undefined => /^\s*=\s*(\S+)$/.exec(rest)?.[1]

const refuseRole = (file: SqlFile, comment: DirectiveComment, name: string): void => {
  if (file.role === 'verify') throw invalid(file, comment, 'a verify file has no directives; it runs inside the step')
  if (file.role === 'down' && name === 'irreversible') {
    throw invalid(file, comment, 'a down file is the way back, so it can not be irreversible')
  }
}

const unknown = (file: SqlFile, { text, codePoint }: DirectiveComment, name: string) => {
  const known = Object.keys(rules)
  const meant = closestWord(name, known)
  const list = `known directives: ${known.join(', ')}`
  return refusal(file, {
    code: 'DIRECTIVE_UNKNOWN',
    message: `unknown directive \`${name || text}\``,
    codePoint,
    hint: meant === undefined ? list : `did you mean \`-- lockstep:${meant}\`? ${list}`,
  })
}

const invalid = (file: SqlFile, { codePoint }: DirectiveComment, message: string) =>
  refusal(file, { code: 'DIRECTIVE_INVALID', message, codePoint })
