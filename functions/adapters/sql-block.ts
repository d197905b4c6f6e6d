import { escapeLiteral } from 'pg'

/** An anonymous block of ours in a step's message. */
export interface SqlBlock {
  /** What it is about, as `v_input`. */
  readonly input: object
  readonly declarations: string
  readonly body: string
  /** What an error that is none of ours is raised as. */
  readonly errorState: `LS${string}`
  /** What cannot be done when it comes to that. */
  readonly doing: string
}

/** Settings under which a value's text is the same whenever it is written and read, and hidden rows are an error. */
const settings: Readonly<Record<string, string>> = {
  row_security: 'off',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
}

/**
 * Writes an anonymous block that runs as the application role, inside a step's transaction.
 *
 * Whatever fails in it is raised as an error of ours, so that nobody takes it for the migration's, except what passes when the step
 * is tried again.
 */
export const sqlBlock = ({ input, declarations, body, errorState, doing }: SqlBlock): string => `do $lockstep$
declare
  v_input constant jsonb := ${literal(input)};
  v_settings constant text[] := array[${Object.keys(settings).map(current).join(', ')}];
  v_detail text;
${declarations}
begin
  ${Object.entries(settings).map(change).join('\n  ')}
${body}
  ${Object.keys(settings).map(restore).join('\n  ')}
exception
  when sqlstate 'LS007' or sqlstate 'LS008' or sqlstate 'LS009'
    or lock_not_available or deadlock_detected or serialization_failure then raise;
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    raise exception '${doing}: %', sqlerrm using errcode = '${errorState}', detail = v_detail;
end $lockstep$`

/** A dollar sign in a name could end the block. */
const literal = (input: object): string => escapeLiteral(JSON.stringify(input).replaceAll('$', '\\u0024'))

const current = (name: string): string => `current_setting('${name}')`

const change = ([name, value]: readonly [string, string]): string => `perform set_config('${name}', '${value}', true);`

const restore = (name: string, index: number): string =>
  `perform set_config('${name}', v_settings[${index + 1}], true);`
