import { type Command, Option } from 'commander'
import type { TargetName } from '../../functions/domain/types.ts'
import type { RollbackInput } from '../commands/rollback.ts'
import type { UnlockInput } from '../commands/unlock.ts'
import { type Act, examples } from './declaring.ts'
import {
  ageOption,
  jsonOption,
  type PlaceOption,
  placeOptions,
  readDigest,
  readSteps,
  reasonOption,
  runOption,
  targetOption,
  timeoutOption,
} from './options.ts'

/** Commands for the way back. */
export const declareRollbackCommands = (program: Command, act: Act): void => {
  program.commandsGroup('Go back:')
  const rollback = program
    .command('rollback')
    .description('show what going back would cost, ask, and take migrations back')
    .addOption(targetOption())
    .addOption(new Option('--to <migration>', 'until this one is the newest').conflicts(['steps', 'run']))
    .addOption(new Option('--steps <n>', 'so many migrations').argParser(readSteps).conflicts('run'))
    .addOption(runOption('what this run applied'))
    .option('--dry-run', 'show the plan with its SQL, and change nothing')
    .option('--yes', 'do not ask')
    .addOption(new Option('--plan <digest>', 'do not ask, if the plan is still this one').argParser(readDigest))
    .addOption(timeoutOption('how long the run is watched'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('lockstep rollback --target orders --steps 1 --dry-run', 'lockstep rollback --target orders --steps 1'),
    )
    .action((options: RollbackInput) =>
      act(async (context) => (await import('../commands/rollback.ts')).rollback(context, options)),
    )
  const release = program
    .command('release [migrations...]')
    .description('let what was rolled back be applied by the next push')
    .addOption(targetOption())
    .addOption(reasonOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep release --target orders --reason "index is fixed"'))
    .action((migrations: string[], options: PlaceOption & { target: TargetName; reason: string }) =>
      act(async (context) => (await import('../commands/release.ts')).release(context, { migrations, ...options })),
    )
  const kept = program.command('kept').helpCommand(false).description('what migrations dropped, until it goes for good')
  const list = kept
    .command('list')
    .description('list what was dropped and is still kept')
    .addOption(targetOption())
    .addOption(ageOption().default(0, 'any'))
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep kept list --target orders'))
    .action((options: KeptOptions) =>
      act(async (context) => (await import('../commands/kept.ts')).keptList(context, options)),
    )
  const drop = kept
    .command('drop')
    .description('drop it for good')
    .addOption(targetOption())
    .addOption(ageOption().makeOptionMandatory())
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep kept drop --target orders --older-than 30d'))
    .action((options: KeptOptions) =>
      act(async (context) => (await import('../commands/kept.ts')).keptDrop(context, options)),
    )
  for (const command of [rollback, release, list, drop]) for (const option of placeOptions()) command.addOption(option)
}

type KeptOptions = PlaceOption & { readonly target: TargetName; readonly olderThan: number; readonly yes?: boolean }

/** Commands for the rare day on which something went wrong. */
export const declareOperatorCommands = (program: Command, act: Act): void => {
  program.commandsGroup('Repair:')
  const unlock = program
    .command('unlock')
    .description('take the lease away from its holder')
    .addOption(targetOption())
    .addOption(reasonOption())
    .option('--force', 'also from a holder that is alive')
    .addOption(new Option('--freeze', 'and let nothing run until it is thawed').conflicts(['thaw', 'acceptDatabase']))
    .addOption(new Option('--thaw', 'end a freeze').conflicts('acceptDatabase'))
    .option('--accept-database', 'take a restored or cloned database as it is')
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep unlock --target orders --reason "runner hangs"'))
    .action((options: UnlockInput) =>
      act(async (context) => (await import('../commands/unlock.ts')).unlock(context, options)),
    )
  const reconcile = program
    .command('reconcile')
    .description('copy to the ledger what only the database knows')
    .addOption(targetOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep reconcile --target orders'))
    .action((options: PlaceOption & { target: TargetName }) =>
      act(async (context) => (await import('../commands/reconcile.ts')).reconcile(context, options)),
    )
  for (const command of [unlock, reconcile]) for (const option of placeOptions()) command.addOption(option)
}
