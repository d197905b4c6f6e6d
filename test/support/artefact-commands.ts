import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as z from 'zod'

const root = resolve(import.meta.dirname, '..', '..')

const imports = z.array(z.object({ path: z.string(), kind: z.string(), external: z.boolean().optional() }))
const metafile = z.object({
  inputs: z.record(z.string(), z.object({ imports })),
  outputs: z.record(
    z.string(),
    z.object({
      imports,
      entryPoint: z.string().optional(),
      inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })),
    }),
  ),
})

export type Metafile = z.output<typeof metafile>

/** Reads what esbuild told of a function's artefact when it was built. */
export function readMetafile(name: string): Metafile {
  const file = join(root, 'dist', 'meta', `${name}.json`)
  try {
    return metafile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new Error(`${file} can't be read; run \`npm run build\``, { cause })
  }
}

/**
 * Lists the commands of the AWS SDK that a function's code can send, as `client-s3/GetObject`: those whose code is in the artefact. A
 * transaction stands for its parts, as `client-dynamodb/TransactWriteItems.Put`.
 *
 * Of a package that is imported as a whole when it is wanted, all commands are there; those that our own sources make count.
 */
export function commandsIn(meta: Metafile): readonly string[] {
  const inside = inputsOf(meta)
  const whole = new Set(inside.flatMap((input) => packagesLoadedBy(meta, input)))
  const ours = inside.filter((input) => input.startsWith('functions/'))
  const made = new Set(ours.flatMap(commandsMadeBy))
  const found = inside.flatMap((input) => commandOf(input) ?? [])
  const commands = found.filter((command) => !whole.has(packageOf(command)) || made.has(shortName(command)))
  const parts = [...new Set(ours.flatMap(transactionPartsOf))]
  return commands
    .flatMap((command) => (command === transaction ? parts.map((part) => `${command}.${part}`) : command))
    .toSorted()
}

const transaction = 'client-dynamodb/TransactWriteItems'

/** Inputs that left something in a piece which the entry point can load; esbuild writes others too, and nothing loads them. */
const inputsOf = ({ outputs }: Metafile): readonly string[] => {
  const loaded = new Set(Object.keys(outputs).filter((path) => isHandler(outputs[path]?.entryPoint)))
  for (const path of loaded)
    for (const piece of outputs[path]?.imports ?? []) if (piece.external !== true) loaded.add(piece.path)
  const inputs = [...loaded].flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}))
  return [...new Set(inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([input]) => input))]
}

const isHandler = (entryPoint: string | undefined): boolean => entryPoint?.startsWith('functions/handlers/') === true

/** Packages that a source of ours imports when it wants them, and so as a whole. */
const packagesLoadedBy = ({ inputs }: Metafile, input: string): readonly string[] =>
  input.startsWith('functions/')
    ? (inputs[input]?.imports ?? [])
        .filter(({ kind }) => kind === 'dynamic-import')
        .flatMap(({ path }) => /@aws-sdk\/([^/]+)\//.exec(path)?.[1] ?? [])
    : []

const commandsMadeBy = (input: string): readonly string[] => wordsIn(input, /new (\w+Command|Signer)\(/g)

/** As sources write them: `{ name: 'lock', Update: … }`. */
const transactionPartsOf = (input: string): readonly string[] =>
  wordsIn(input, /\b(Put|Update|Delete|ConditionCheck): /g)

const wordsIn = (input: string, pattern: RegExp): readonly string[] =>
  [...readFileSync(join(root, input), 'utf8').matchAll(pattern)].flatMap(([, word]) => word ?? [])

/** A command of a service's client, or the signer of RDS; the SDK's own clients, of logins, are nested elsewhere. */
const commandOf = (input: string): string | undefined => {
  const [, client, name] = /@aws-sdk\/(client-[^/]+)\/.*\/commands\/(\w+)Command\.js$/.exec(input) ?? []
  if (client !== undefined) return `${client}/${name}`
  return /@aws-sdk\/rds-signer\/.*\/Signer\.js$/.test(input) ? 'rds-signer/Signer' : undefined
}

const packageOf = (command: string): string => command.slice(0, command.indexOf('/'))
const shortName = (command: string): string =>
  command === 'rds-signer/Signer' ? 'Signer' : `${command.slice(command.indexOf('/') + 1)}Command`
