/** What a migration may not do, and what to do instead. */
export interface Prohibition {
  /** What was found, to be followed by "is not allowed in a migration". */
  readonly what: string
  readonly hint: string
}
