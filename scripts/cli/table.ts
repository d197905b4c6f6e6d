import { visibleWidth } from './output.ts'

export type Align = 'left' | 'right'

/**
 * Lays rows out in columns, two spaces apart, without trailing spaces.
 *
 * @param align one per column; missing ones are `left`
 */
export function table(rows: readonly (readonly string[])[], align: readonly Align[] = []): string[] {
  const widths = columnWidths(rows)
  return rows.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0, align[index]))
      .join('  ')
      .trimEnd(),
  )
}

const columnWidths = (rows: readonly (readonly string[])[]): number[] => {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, visibleWidth(cell))
    })
  }
  return widths
}

const pad = (cell: string, width: number, align: Align = 'left'): string => {
  const space = ' '.repeat(width - visibleWidth(cell))
  return align === 'right' ? space + cell : cell + space
}
