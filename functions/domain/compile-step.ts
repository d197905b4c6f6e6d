import { type CompiledText, compileText } from './compile-text.ts'
import type { FileRef, FileSource } from './file-source.ts'
import type { Migration } from './migration.ts'
import type { RevertibleStep } from './plan-down.ts'
import type { SourceText } from './source-position.ts'
import type { SqlFile } from './sql-file.ts'
import type { SqlParser } from './sql-parser.ts'
import type { StepSource } from './step-source.ts'
import type { Notice } from './types.ts'
import { compileVerify, type VerifySource } from './verify-source.ts'
import type { KeptFile } from './way-back.ts'

/**
 * Compiles a migration: reads its files one after another, parses and judges them all, and keeps what a run needs.
 *
 * The down and verify files are judged too, so that a bad way back is refused before the way there is taken. One migration's trees
 * are garbage before the next one is compiled, which is what keeps a large history inside a small memory.
 *
 * @throws LockstepError as `compileText` does, for any of the migration's files
 */
export const compileStep = (migration: Migration, source: FileSource, parse: SqlParser): StepSource => {
  const compile = (ref: FileRef, role: SqlFile['role']): CompiledText =>
    compileText({ path: ref.path, text: source.readText(ref.path), role, migration: migration.name }, parse)
  const compileAssertions = ({ path }: FileRef): VerifySource =>
    compileVerify({ path, text: source.readText(path) }, migration.name, parse)
  const up = compile(migration.up, 'up')
  const down = migration.down && compile(migration.down, 'down')
  const verify = migration.verify && compileAssertions(migration.verify)
  const verifyDown = migration.verifyDown && compileAssertions(migration.verifyDown)
  const notices = [up, down, verify, verifyDown].flatMap((each) => each?.notices ?? [])
  const { irreversible } = up.directives
  return {
    ...up,
    migration,
    ...(verify && { verify }),
    wayBack: {
      ...(down && { down: keep(down) }),
      ...(verifyDown && { verify: keep(verifyDown) }),
      ...(irreversible !== undefined && { irreversible }),
    },
    notices: [...notices, ...contradiction(migration, up, down)],
  }
}

const keep = ({ path, text }: SourceText): KeptFile => ({ path, text })
/**
 * Compiles a migration's way back, from what the receipt of its way there kept.
 *
 * @throws LockstepError as `compileText` does
 */
export const compileDown = ({ migration, checksum, wayBack }: RevertibleStep, parse: SqlParser): StepSource => {
  const { down, verify } = wayBack
  return {
    ...compileText({ ...down, role: 'down', migration }, parse),
    migration: { name: migration, checksum },
    ...(verify && { verify: compileVerify(verify, migration, parse) }),
  }
}

const contradiction = (migration: Migration, up: CompiledText, down: CompiledText | undefined): readonly Notice[] => {
  if (down === undefined || up.directives.irreversible === undefined) return []
  const message = `${up.path}: it is marked irreversible, and yet has ${down.path}`
  return [{ code: 'IRREVERSIBLE_WITH_DOWN', message, migration: migration.name }]
}
