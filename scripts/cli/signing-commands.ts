import { type Command, Option } from 'commander'
import type { TargetName } from '../../functions/domain/types.ts'
import { type Act, examples } from './declaring.ts'
import { jsonOption, type SignOptions, signOptions, targetOption } from './options.ts'

/** Commands for bundles that somebody answers for. */
export const declareSigningCommands = (program: Command, act: Act): void => {
  program.commandsGroup('Sign:')
  program
    .command('keygen <file>')
    .description('make a key to sign bundles with, in new files')
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep keygen release.key'))
    .action((file: string) => act(async (context) => (await import('../commands/keygen.ts')).keygen(context, { file })))
  const sign = program
    .command('sign <zip>')
    .description('add a signature to a bundle, which keeps its digest')
    .addOption(new Option('--key <key>', 'a key file, or a KMS key by id, ARN or alias').makeOptionMandatory())
    .addOption(targetOption())
  for (const option of signOptions()) sign.addOption(option)
  sign
    .addOption(jsonOption())
    .addHelpText('after', examples('lockstep sign bundle.zip --key alias/release --target production'))
    .action((path: string, options: SignOptions & { key: string; target: TargetName }) =>
      act(async (context) => (await import('../commands/sign.ts')).sign(context, { path, ...options })),
    )
}
