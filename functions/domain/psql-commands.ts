/** psql's own commands, which no server knows; the `\d…` family is recognised by its first letter. */
const names: ReadonlySet<string> = new Set(
  `a bind bind_named c C cd close_prepared conninfo connect copy copyright crosstabview e echo ef elif else encoding endif
  endpipeline errverbose ev f flush flushrequest g gdesc getenv getresults gexec gset gx h H help html i if include
  include_relative ir l list lo_export lo_import lo_list lo_unlink o out p parse password print prompt pset q qecho quit r reset
  restrict s sendpipeline set setenv sf startpipeline sv syncpipeline t T timing unrestrict unset w warn watch write x z . ! ? ; :`.split(
    /\s+/,
  ),
)

const remedies: Readonly<Record<string, string>> = {
  restrict: 'remove the line; pg_dump writes it for psql alone',
  unrestrict: 'remove the line; pg_dump writes it for psql alone',
  c: 'remove the line; a target is one database, and each migration runs as its application role',
  connect: 'remove the line; a target is one database, and each migration runs as its application role',
  i: 'put the SQL of the included file in its place',
  include: 'put the SQL of the included file in its place',
  ir: 'put the SQL of the included file in its place',
  include_relative: 'put the SQL of the included file in its place',
  copy: 'write INSERT statements; a migration has no files beside it',
  set: 'write the value where the variable is used',
  g: 'end the statement with a semicolon',
}

const commandPattern = /^\\(?:([A-Za-z_]+)|([.!?;:]))/
const describePattern = /^d[a-zA-Z]*$/

/** A psql command, and what to write instead where that is known. */
export interface PsqlCommand {
  readonly name: string
  readonly hint?: string
}

/** Recognises a psql command by name at the start of a text; a place where the parser found no SQL. */
export const psqlCommandAt = (text: string): PsqlCommand | undefined => {
  const found = commandPattern.exec(text)
  const name = found?.[1] ?? found?.[2]
  if (name === undefined || !(names.has(name) || describePattern.test(name))) return undefined
  const hint = Object.hasOwn(remedies, name) ? remedies[name] : undefined
  return hint === undefined ? { name } : { name, hint }
}
