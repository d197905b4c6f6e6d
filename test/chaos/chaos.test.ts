import { existsSync } from 'node:fs'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { databaseUrl, namesOf } from '../../scripts/local/target-names.ts'
import type { Catalog } from '../../scripts/shadow/catalog.ts'
import { targetName } from '../support/e2e-cloud.ts'
import { applyPlainly } from '../support/plain-apply.ts'
import { seededChoices } from '../support/seeded-choices.ts'
import { type Course, corpusPath, type HistoryName, settle } from './course.ts'
import { catalogOf, gather, remainsOf, undisturbed } from './evidence.ts'
import { type Field, openField } from './field.ts'
import { storm } from './storm.ts'
import { openTally } from './tally.ts'

const { LOCKSTEP_SEED, LOCKSTEP_FAULTS = '200' } = process.env
const faults = Number(LOCKSTEP_FAULTS)
const seed = LOCKSTEP_SEED === undefined ? Date.now() % 1_000_000 : Number(LOCKSTEP_SEED)

const histories: readonly HistoryName[] = ['kratos', 'triggerdev']
const missing = histories.filter((history) => !existsSync(corpusPath(history)))
const absent = missing.length > 0 && `${missing.join(' and ')} not here: real histories are kept beside the repository`

/** A bound, not a goal: 200 faults take less than ten minutes on two cores that have nothing else to do. */
const boundMs = 45 * 60_000

test.skipIf(absent)(
  `given ${absent || `real histories on their way and ${faults} faults`}, when all is quiet again, then each migration committed once, in order`,
  async () => {
    const over = new AbortController()
    const tally = openTally()
    await using field = await openField({ choices: seededChoices(seed), tally, over: over.signal })
    say(`seed ${seed}, ${faults} faults`)
    try {
      const plain = new Map<HistoryName, Catalog>()
      for (const history of histories) plain.set(history, await applyWithout(field, history))
      const arrived = await storm(field, faults)
      for (const course of arrived) await expectUndisturbed(field, course, plain)
      expect(tally.pending()).toBe(0)
    } catch (thrown) {
      say(`LOCKSTEP_SEED=${seed} LOCKSTEP_FAULTS=${faults} npm run test:chaos; logs are in ${field.keepLogs()}`)
      throw thrown
    } finally {
      over.abort()
      say(tally.summary(seed))
    }
  },
  boundMs,
)

/** Applies a history as psql would, before the faults begin. */
async function applyWithout(field: Field, history: HistoryName): Promise<Catalog> {
  const target = targetName(`${history}-plain`)
  const { database, applicationRole } = namesOf(target)
  const client = new Client({ connectionString: field.database.url })
  await client.connect()
  await client.query(`create role "${applicationRole}" nologin`)
  await client.query(`create database "${database}" owner "${applicationRole}" template template0`)
  await client.end()
  await applyPlainly(databaseUrl(field.database.url, target), corpusPath(history))
  return await catalogOf(field, { target })
}

async function expectUndisturbed(
  field: Field,
  course: Course,
  plain: ReadonlyMap<HistoryName, Catalog>,
): Promise<void> {
  await settle(field, course)
  expect(await gather(field, course), course.target).toEqual(await undisturbed(course))
  if (course.heading === 'down') expect(await remainsOf(field, course), course.target).toEqual([])
  else expect(await catalogOf(field, course), course.target).toEqual(plain.get(course.history))
  await course[Symbol.asyncDispose]()
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
