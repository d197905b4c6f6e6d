import { systemClock } from '../../functions/adapters/system.ts'
import type { Certificates } from '../../functions/domain/certificate.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { type CheckReport, checkHistory, placeInFolder, refusedSummary } from '../cli/check-history.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { connect } from '../cli/connection.ts'
import { followCommand } from '../cli/follow-run.ts'
import { openHistory } from '../cli/history-input.ts'
import { findCertificates, requireCertificates } from '../cli/input-certificates.ts'
import { watchInterrupt } from '../cli/interrupt.ts'
import { lastEventSeq } from '../cli/last-event.ts'
import { noticeHint } from '../cli/notices.ts'
import type { PlaceOption, SignOptions } from '../cli/options.ts'
import { type Output, shorten } from '../cli/output.ts'
import { certifiedText, originText, type PackedBundle, packInput } from '../cli/packed-bundle.ts'
import { summaryOf } from '../cli/run-display.ts'
import { signatureText, signPacked, toSignatureDocument } from '../cli/sign-input.ts'
import { table } from '../cli/table.ts'
import { count, formatBytes } from '../cli/units.ts'
import { type Upload, upload } from '../cli/upload.ts'
import { watchRun } from '../cli/watch-run.ts'
import { wishedAgain } from '../cli/wished-again.ts'

interface PushInput extends PlaceOption, SignOptions {
  readonly path: string
  readonly target: TargetName
  readonly wait?: boolean
  /** How long `wait` waits, in milliseconds. */
  readonly timeout: number
  readonly reapply?: readonly string[]
  /** Refuses a history with a migration of which nobody proved what going back does. */
  readonly requireCertificate?: boolean
  /** The key to sign it with, for this target. */
  readonly sign?: string
}

/**
 * Checks a history, uploads it, and so starts a run; with `wait` stays until the run is over.
 *
 * Each push is a run of its own: pushing the same history again finds nothing to do.
 *
 * @throws LockstepError PATH_NOT_FOUND, USAGE, KEY_INVALID, CERTIFICATE_REQUIRED, CERTIFICATE_INVALID, LOCAL_NOT_RUNNING, AWS_UNREACHABLE, AWS_DENIED
 */
export async function push(context: Context, input: PushInput): Promise<Outcome> {
  const { output, cwd } = context
  const { target, timeout, wait } = input
  const history = await openHistory(input.path, cwd)
  const checked = await checkHistory(history, cwd)
  if (checked.failures.length > 0) return refused(checked, output)
  const found = await findCertificates(history, checked)
  if (input.requireCertificate) requireCertificates(found, checked)
  const report = { ...checked, notices: [...checked.notices, ...found.notices] }
  const { certificates } = found
  const reapply = wishedAgain(input.reapply ?? [], history, checked)
  const packed = await signPacked(await packInput(history, { certificates, reapply }), input, cwd)

  const cloud = await connect(context, input, 'push')
  const eventsAfter = wait ? await lastEventSeq(cloud.status, target) : 0
  const uploaded = await upload(cloud, target, packed)
  announce(output, { ...input, uploaded, packed, report, certificates })
  const document = {
    target,
    ...uploaded,
    digest: packed.digest,
    source: packed.origin,
    migrations: report.migrations.length,
    certificates,
    signatures: packed.signatures.map(toSignatureDocument),
    notices: report.notices,
  }
  if (!wait) return succeeded(document)

  using interrupt = watchInterrupt()
  const names = report.migrations.map(({ name }) => name)
  const { signal } = interrupt
  const options = {
    target,
    run: uploaded.run,
    eventsAfter,
    timeoutMs: timeout,
    signal,
    clock: systemClock,
    output,
    names,
  }
  const { run, steps, failure } = await watchRun(cloud.status, options)
  if (run?.finishedAt !== undefined) output.line(summaryOf(run, output))
  const failures = failure === undefined ? [] : [placeInFolder(failure, history, cwd)]
  return { document: { ...document, state: run?.state ?? 'QUEUED', applied: run?.applied ?? 0, steps }, failures }
}

const refused = (report: CheckReport, output: Output): Outcome => ({
  document: { notices: report.notices, errors: report.failures },
  failures: report.failures,
  closing: `${refusedSummary(report, output)}; nothing was uploaded`,
})

interface Announcement {
  readonly path: string
  readonly target: TargetName
  readonly uploaded: Upload
  readonly packed: PackedBundle
  readonly report: CheckReport
  readonly certificates: Certificates
}

/** The longest label and the gap behind it. */
const labelColumns = 8

const announce = (output: Output, { path, target, uploaded, packed, report, certificates }: Announcement): void => {
  const { object, run } = uploaded
  const contents = [
    count(report.migrations.length, 'migration'),
    certifiedText(certificates),
    formatBytes(packed.bytes.length),
    originText(packed.origin),
  ]
  const rows = [
    ['bundle', contents.filter((text) => text !== '').join(' · ')],
    ...packed.signatures.map((signed) => ['signed', signatureText(signed, output)]),
    ['object', shorten(`s3://${object.bucket}/${object.key}`, output.columns - labelColumns)],
    ['run', run],
    ['follow', followCommand({ target, run })],
  ]
  for (const line of table(rows.map(([label = '', text = '']) => [output.paint('dim', label), text]))) output.line(line)
  for (const line of noticeHint(report.notices, path)) output.line(output.paint('dim', line))
}
