import { escapeLiteral } from 'pg'
import type { Assertion, VerifySource } from '../domain/verify-source.ts'
import { verifyColumn } from './postgres-message.ts'

/** What an assertion that returned false or null raises; its message says which. */
export const assertionState = 'LS006'

/**
 * Composes the statements that run a verify file inside the step's message: a mark, then one statement for each assertion.
 *
 * The judgement has to fall in the server, before the COMMIT that stands in the same message. Each assertion is a DO block, so that
 * the application role needs no right on schema `lockstep`, no rows are sent, and the text of an assertion can't break the message:
 * it is a literal there, and an error in it comes with the text that has it.
 */
export const verifyStatements = (verify: VerifySource): readonly string[] => [
  `select true as ${verifyColumn}`,
  ...verify.assertions.map((assertion) => `do ${escapeLiteral(blockOf(assertion))} language plpgsql`),
]

/** What of ours stands before a query that is judged. MATERIALIZED: every column of it is computed, as it would be without us. */
const beforeQuery = 'with lockstep_query(lockstep_value) as materialized (\n'

/** On a line of its own, since the query may end in a comment. Category B holds boolean, and the domains over it. */
const afterQuery = `
)
select lockstep_value::pg_catalog.text, (
  select t.typcategory = 'B' from pg_catalog.pg_type t where t.oid = pg_catalog.pg_typeof(lockstep_value)
)
from lockstep_query`

/** The text that the server is given for an assertion, and how many code points of ours stand before it. */
export const sentFor = ({ kind, sql }: Assertion): { readonly sql: string; readonly before: number } =>
  kind === 'judged' ? { sql: `${beforeQuery}${sql}${afterQuery}`, before: beforeQuery.length } : { sql, before: 0 }

const blockOf = (assertion: Assertion): string => {
  const sql = escapeLiteral(sentFor(assertion).sql)
  return assertion.kind === 'judged' ? judging(sql) : `begin execute ${sql}; end`
}

const judging = (literal: string): string => `
  declare
    v_value text;
    v_is_judged boolean;
    v_row bigint := 0;
  begin
    for v_value, v_is_judged in execute ${literal} loop
      v_row := v_row + 1;
      if v_is_judged and v_value is distinct from 'true' then
        raise exception using
          errcode = '${assertionState}',
          message = 'returned ' || coalesce(v_value, 'null') || case when v_row > 1 then ' in row ' || v_row else '' end;
      end if;
    end loop;
  end`
