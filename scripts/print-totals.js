// Prints the closing line of a test run from vitest's JSON report: `N passed, N failed[, N skipped]`.
import { readFileSync } from 'node:fs'

const [reportPath, status] = process.argv.slice(2)

const totals = () => {
  try {
    const report = JSON.parse(readFileSync(reportPath, 'utf8'))
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

const { passed, failed, skipped } = totals()
// A run can fail without a failed test: a file that does not load, a server that does not start.
const shown = status !== '0' && failed === 0 ? 1 : failed
process.stdout.write(`${passed} passed, ${shown} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
