import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { functions, setupFunction } from '../functions/edge/resources.ts'
import { writeRdsAuthorities } from './rds-authorities.ts'

/**
 * Bundles each function into ESM: `dist/functions/<name>/index.mjs`, with pieces beside it that are loaded when they are wanted, and source
 * maps. What the SQL parser loads at
 * run time lies beside the runner's, and so do the authorities of RDS.
 */
const root = join(import.meta.dirname, '..')
const require = createRequire(import.meta.url)
/** What esbuild tells of each artefact, `<name>.json`: beside the artefacts, never in them, since those are deployed whole. */
const metaDir = join(root, 'dist', 'meta')
const artefactsDir = join(root, 'dist', 'functions')

/** CommonJS dependencies inside an ESM bundle still ask for these. */
const banner = `import { createRequire as lockstepRequire } from 'node:module';
import { dirname as lockstepDirname } from 'node:path';
import { fileURLToPath as lockstepPath } from 'node:url';
const require = lockstepRequire(import.meta.url);
const __filename = lockstepPath(import.meta.url);
const __dirname = lockstepDirname(__filename);`

const parserFile = 'libpg-query.wasm'
const parserPath = join(dirname(require.resolve('libpg-query')), parserFile)

/** @returns the artefacts' folder */
export async function buildFunctions(outDir = artefactsDir): Promise<string> {
  await makeArtefacts(outDir)
  return outDir
}

/** @returns what esbuild tells of each artefact, by its name */
async function makeArtefacts(outDir: string): Promise<ReadonlyMap<string, Metafile>> {
  await rm(outDir, { recursive: true, force: true })
  const named = [...functions, setupFunction].map(async ({ name }) => {
    const { metafile } = await buildFunction(name, join(outDir, name))
    return [name, metafile] as const
  })
  const metafiles = new Map(await Promise.all(named))
  await mkdir(join(outDir, 'runner'), { recursive: true })
  await copyFile(parserPath, join(outDir, 'runner', parserFile))
  await copyFile(join(root, 'docs', 'database-roles.sql'), join(outDir, setupFunction.name, 'database-roles.sql'))
  for (const name of ['runner', setupFunction.name]) await writeRdsAuthorities(join(outDir, name, 'authorities'))
  return metafiles
}

async function buildWithMeta(): Promise<void> {
  const metafiles = await makeArtefacts(artefactsDir)
  await rm(metaDir, { recursive: true, force: true })
  await mkdir(metaDir, { recursive: true })
  for (const [name, metafile] of metafiles) await writeFile(join(metaDir, `${name}.json`), JSON.stringify(metafile))
}

const buildFunction = (name: string, outDir: string) =>
  build({
    absWorkingDir: root,
    entryPoints: [join(root, 'functions', 'handlers', `${name}.ts`)],
    outdir: outDir,
    entryNames: 'index',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // what a function imports when it wants it stays out of its start
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    mainFields: ['module', 'main'],
    banner: { js: banner },
    // the driver asks for them only where they are: with a library of C, and at Cloudflare
    external: ['pg-native', 'pg-cloudflare'],
    logLevel: 'warning',
  })

if (import.meta.main) await buildWithMeta()
