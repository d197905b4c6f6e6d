import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command } from 'commander'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import { type Act, examples } from './declaring.ts'
import { declareOperatorCommands, declareRollbackCommands } from './operator-commands.ts'
import {
  gamedayTimeoutOption,
  type JsonOption,
  jsonOption,
  type PlaceOption,
  placeOptions,
  readTarget,
  rowsOption,
  runOption,
  type SignOptions,
  shadowOption,
  signOption,
  signOptions,
  targetOption,
  timeoutOption,
} from './options.ts'
import { declareSigningCommands } from './signing-commands.ts'

/** What the program needs of the process: where help goes (when asked for; when nothing was), and how a command is run. */
interface ProgramPorts {
  write(text: string): void
  writeError(text: string): void
  readonly act: Act
}

/**
 * Declares the whole command line: every command with its options and an example.
 *
 * Commands are imported when they run, so that `--help` loads nothing but this page.
 */
export function createProgram({ write, writeError, act }: ProgramPorts): Command {
  const program = new Command('lockstep')
    .description('Migrates PostgreSQL once, in order, by one runner, and proves it.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ styleTitle: bold, subcommandTerm: termOf })
    .configureOutput({ writeOut: write, writeErr: writeError, outputError: () => {} })
    .exitOverride()
    .addHelpText('after', examples('lockstep demo', 'lockstep push migrations --target orders --wait'))

  declareHistoryCommands(program, act)
  declareTargetCommands(program, act)
  declareSigningCommands(program, act)
  declareRollbackCommands(program, act)
  declareOperatorCommands(program, act)
  declareLocalCommands(program, act)
  return program
}

/** Commander takes the colours out again where there is no terminal. */
const bold = (title: string): string => styleText('bold', title, { validateStream: false })

/** How a command stands in the list: with its arguments, or with the verbs below it. */
const termOf = (command: Command): string => {
  const verbs = command.commands.map((verb) => verb.name()).filter((name) => name !== 'help')
  const words = command.registeredArguments.map((argument) => `<${argument.name()}>`)
  return [command.name(), verbs.join('|'), ...words].filter((word) => word !== '').join(' ')
}

/** Commands that need nothing but the files. */
const declareHistoryCommands = (program: Command, act: Act): void => {
  program.commandsGroup('Write and check:')
  program
    .command('new <name>')
    .description('write an empty migration.sql and down.sql')
    .option('--dir <folder>', 'the folder of all migrations', 'migrations')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep new "add invoice due date"'))
    .action((name: string, options: JsonOption & { dir: string }) =>
      act(async (context) => (await import('../commands/new.ts')).newMigration(context, { name, ...options })),
    )
  program
    .command('check <dir|zip>')
    .description('find whatever would be refused, before anything runs')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep check migrations'))
    .action((path: string) => act(async (context) => (await import('../commands/check.ts')).check(context, { path })))
  const bundle = program
    .command('bundle <dir>')
    .description('pack a history into a zip, always the same bytes')
    .requiredOption('--out <file>', 'the zip to write')
    .addOption(signOption())
    .option('--target <name>', 'the database that it is signed for', readTarget)
  for (const option of signOptions()) bundle.addOption(option)
  bundle
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep bundle migrations --out bundle.zip'))
    .action((path: string, options: BundleOptions) =>
      act(async (context) => (await import('../commands/bundle.ts')).bundle(context, { path, ...options })),
    )
  declareWayBackCommands(program, act)
}

type BundleOptions = SignOptions & { readonly out: string; readonly sign?: string; readonly target?: TargetName }

/** Commands that try migrations on a throwaway PostgreSQL. */
const declareWayBackCommands = (program: Command, act: Act): void => {
  program
    .command('generate-down <dir>')
    .description('write the down scripts that are missing, from schemas')
    .option('--migration <name>', 'only this one')
    .addOption(shadowOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep generate-down migrations'))
    .action((path: string, options: ShadowOptions & { migration?: string }) =>
      act(async (context) =>
        (await import('../commands/generate-down.ts')).generateDown(context, { path, ...options }),
      ),
    )
  program
    .command('certify <dir>')
    .description('prove what going back does: up, down, up on a throwaway database')
    .addOption(shadowOption())
    .addOption(rowsOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep certify migrations'))
    .action((path: string, options: ShadowOptions & { rows: number }) =>
      act(async (context) => (await import('../commands/certify.ts')).certify(context, { path, ...options })),
    )
}

type ShadowOptions = JsonOption & { readonly shadowUrl?: string }

/** Commands that speak to AWS or to the embedded cloud. */
const declareTargetCommands = (program: Command, act: Act): void => {
  program.commandsGroup('Migrate and look:')
  const push = program
    .command('push <dir|zip>')
    .description('check a history and upload it, which starts a run')
    .addOption(targetOption())
    .option('--wait', 'stay and show the run until it is over')
    .addOption(timeoutOption())
    .option('--require-certificate', 'upload nothing unless each migration has a certificate')
    .option('--reapply <migration...>', 'release migrations that were rolled back, so that this push applies them')
    .addOption(signOption())
  for (const option of signOptions()) push.addOption(option)
  push
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep push migrations --target orders --wait'))
    .action((path: string, options: PushOptions) =>
      act(async (context) => (await import('../commands/push.ts')).push(context, { path, ...options })),
    )
  const status = program
    .command('status')
    .description("show a target's lock, runs and ledger")
    .addOption(targetOption())
    .addOption(runOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep status --target orders'))
    .action((options: PlaceOption & { target: TargetName; run?: RunId }) =>
      act(async (context) => (await import('../commands/status.ts')).status(context, options)),
    )
  const audit = program.command('audit').helpCommand(false).description('prove that the audit stream is whole')
  const verify = audit
    .command('verify')
    .description('walk the hash chain of all audit events')
    .addOption(targetOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep audit verify --target orders'))
    .action((options: PlaceOption & { target: TargetName }) =>
      act(async (context) => (await import('../commands/audit-verify.ts')).auditVerify(context, options)),
    )
  for (const command of [push, status, verify]) for (const option of placeOptions()) command.addOption(option)
}

type PushOptions = PlaceOption &
  SignOptions & {
    readonly sign?: string
    readonly target: TargetName
    readonly wait?: boolean
    readonly timeout: number
    readonly reapply?: string[]
    readonly requireCertificate?: boolean
  }

/** Commands of the embedded cloud. */
const declareLocalCommands = (program: Command, act: Act): void => {
  program.commandsGroup('Try it here:')
  program
    .command('demo')
    .description('migrate the example history here, and prove it')
    .addHelpText('after', examples('lockstep demo'))
    .action(() => act(async (context) => (await import('../commands/demo.ts')).demo(context)))
  program
    .command('gameday')
    .description('set off every alarm, on an embedded cloud of its own')
    .option('--local', 'on the embedded cloud, the only place for it')
    .addOption(gamedayTimeoutOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep gameday --local'))
    .action((options: { local?: boolean; timeout: number }) =>
      act(async (context) => (await import('../commands/gameday.ts')).gameday(context, options)),
    )
  const local = program
    .command('local')
    .helpCommand(false)
    .description('the embedded cloud: PostgreSQL, DynamoDB, S3, SQS')
  local
    .command('up')
    .description('start it in the background')
    .option('--strict', 'refuse targets that were not declared, as AWS does')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep local up'))
    .action((options: { strict?: boolean }) =>
      act(async (context) => (await import('../commands/local-up.ts')).localUp(context, options)),
    )
  local
    .command('down')
    .description('stop it')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep local down'))
    .action(() => act(async (context) => (await import('../commands/local-down.ts')).localDown(context)))
  local
    .command('url')
    .description("print the URL of a target's database")
    .addOption(targetOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('psql "$(lockstep local url --target orders)"'))
    .action((options: { target: TargetName }) =>
      act(async (context) => (await import('../commands/local-url.ts')).localUrl(context, options)),
    )
  local
    .command('env')
    .description('print the variables that point the aws command at it')
    .addOption(jsonOption())
    .addHelpText('after', examples('eval "$(lockstep local env)" && aws s3 ls'))
    .action(() => act(async (context) => (await import('../commands/local-env.ts')).localEnv(context)))
}

const readVersion = (): string => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const parsed: { version: string } = JSON.parse(text)
  return parsed.version
}
