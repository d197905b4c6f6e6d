import type { Prohibition } from './prohibition.ts'
import type { SettingChange } from './session-settings.ts'
import { modeIsOurs, modeProhibition } from './transaction-modes.ts'

/** Tells whether a migration may change a setting; the rule is the same for SET, RESET and `set_config`. */
export const forbiddenSetting = ({ name, value }: SettingChange): Prohibition | undefined =>
  Object.hasOwn(rules, name) ? rules[name]?.(value) : undefined

type Rule = (value: string | undefined) => Prohibition | undefined

const roleHint = "take it out; every migration runs as the target's application role"
const on = /^(?:on|t|tr|tru|true|y|ye|yes|1)$/i
const utf8 = /^(?:utf-?8|unicode)$/i

// A value is undefined where the setting goes back to its default, which the runner pins when it connects.
const rules: Readonly<Record<string, Rule>> = {
  role: () => ({ what: 'SET ROLE', hint: roleHint }),
  session_authorization: () => ({ what: 'SET SESSION AUTHORIZATION', hint: roleHint }),
  session_replication_role: () => ({
    what: 'SET session_replication_role',
    hint: 'switch off what is in the way by its name: alter table … disable trigger …',
  }),
  standard_conforming_strings: (value) =>
    value === undefined || on.test(value)
      ? undefined
      : {
          what: 'SET standard_conforming_strings = off',
          hint: "take it out, and write E'…' where a backslash escapes",
        },
  client_encoding: (value) =>
    value === undefined || utf8.test(value)
      ? undefined
      : { what: `SET client_encoding = ${value}`, hint: 'take it out, and save the file as UTF-8' },
  transaction_isolation: (value) => transactionMode('transaction_isolation', value),
  transaction_read_only: (value) => transactionMode('transaction_read_only', value),
  'transaction snapshot': () => modeProhibition,
}

const transactionMode = (name: string, value: string | undefined): Prohibition | undefined =>
  modeIsOurs(name, value) ? undefined : modeProhibition
