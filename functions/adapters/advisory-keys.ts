/** A 64-bit advisory lock key; `pg_locks` shows its halves. PostgreSQL keeps advisory locks apart by database. */
export interface AdvisoryKey {
  /** As SQL. */
  readonly key: string
  readonly high: number
  readonly low: number
}

const advisoryKey = (key: bigint): AdvisoryKey => ({
  key: key.toString(),
  high: Number(key >> 32n),
  low: Number(key & 0xffff_ffffn),
})

/** Held by a session for as long as it may change the database; the bytes of "lockstep". */
export const runnerKey = advisoryKey(0x6c6f_636b_7374_6570n)
/** Held by a transaction that makes or changes schema `lockstep`; the bytes of "lock-ddl". */
export const schemaKey = advisoryKey(0x6c6f_636b_2d64_646cn)
/** Prisma Migrate's; with it, `prisma migrate deploy` and Lockstep exclude each other. */
export const prismaKey = advisoryKey(72_707_369n)

/** Is a granted lock of this key in this database, as a condition on `pg_locks l`. */
export const isLockOf = ({ high, low }: AdvisoryKey): string => `l.locktype = 'advisory'
    and l.granted
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.classid = ${high}
    and l.objid = ${low}
    and l.objsubid = 1`
