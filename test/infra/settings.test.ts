import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { CfnOutput, Stack } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { settingsKey } from '../../functions/adapters/dynamodb-items.ts'
import { isTargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { SettingsCommands, type TargetProps } from '../../infra/constructs/settings-commands.ts'
import { rendered } from './reading.ts'
import { makeApp, makeFolder } from './synthesize.ts'

const target: TargetProps = {
  name: 'shop',
  host: 'db.example.com',
  port: 5433,
  database: "o'shop",
  user: 'login',
  applicationRole: 'app "role"',
}

const commandOf = (props: TargetProps): string => {
  const stack = new Stack(makeApp())
  const commands = new SettingsCommands(stack, 'Settings', { tableName: 'control', targets: [props] })
  const [output] = commands.node.children.filter((child) => child instanceof CfnOutput)
  return rendered(stack.resolve(output?.value))
}

/** Runs the command in a shell whose `aws` keeps its arguments and the item that it was given. */
const run = (
  command: string,
  password: string,
): { readonly args: string; readonly item: Readonly<Record<string, unknown>> } => {
  const folder = makeFolder()
  const aws = join(folder, 'aws')
  writeFileSync(aws, `#!/bin/sh\nprintf %s "$*" > ${folder}/args\ncat > ${folder}/item\n`)
  chmodSync(aws, 0o755)
  const env = { PATH: `${folder}:${process.env.PATH}`, LOCKSTEP_PASSWORD: password }
  execFileSync('/bin/sh', ['-c', command], { env })
  return {
    args: readFileSync(join(folder, 'args'), 'utf8'),
    item: unmarshall(JSON.parse(readFileSync(join(folder, 'item'), 'utf8'))),
  }
}

describe('the command that writes settings', () => {
  const { pk, sk, ...content } = run(commandOf(target), `a"b\\c'd$e %s`).item
  const settings = parseTargetSettings({ ...content, target: target.name })

  test('given a target, when the command is run, then the item lies where the functions look for it', () => {
    if (!isTargetName(target.name)) throw new Error('the name is no target name')
    expect({ pk, sk }).toEqual(settingsKey(target.name))
  })

  test('given values with quotes, when the functions read the item, then it says what was declared', () => {
    const { host, port, database, user, applicationRole } = target
    expect(settings).toMatchObject({ connection: { host, port, database, user, tls: 'verify' }, applicationRole })
  })

  test('given a password of signs that shell and JSON know, when the functions read the item, then it is that password', () => {
    expect(settings.connection.credential).toEqual({ kind: 'password', password: `a"b\\c'd$e %s` })
  })

  test('given a password, when the command is run, then no process has it among its arguments', () => {
    expect(run(commandOf(target), 'secret').args).toBe(
      'dynamodb put-item --table-name control --item file:///dev/stdin',
    )
  })

  test('given a target without a port, when the functions read the item, then it is 5432', () => {
    const { port: _, ...rest } = target
    const { connection } = run(commandOf(rest), 'secret').item
    expect(connection).toMatchObject({ port: 5432 })
  })

  test.each([
    [{}, false],
    [{ requireCertificate: true }, true],
  ])(
    'given the props %o, when the functions read the item, then the policy requires certificates: %s',
    (props, required) => {
      const { pk: _, sk: __, ...item } = run(commandOf({ ...target, ...props }), 'secret').item
      expect(parseTargetSettings({ ...item, target: target.name }).policy.requireCertificate).toBe(required)
    },
  )

  test.each(['Shop', 'a/b', '*', ''])('given the name "%s", when a target is declared, then it is refused', (name) => {
    expect(() => commandOf({ ...target, name })).toThrow("is no target's name")
  })
})
