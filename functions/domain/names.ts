/** Lists names for a message: at most `limit` of them, then how many more there are. */
export const listNames = (names: readonly string[], limit = 5): string => {
  const shown = names.slice(0, limit).join(', ')
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown
}
