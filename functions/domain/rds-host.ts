/** Instances, clusters and proxies: `<name>.<account's part>.<region>.rds.amazonaws.com`, in China with `.cn`. */
const rdsHost = /^(?:.+\.)?(?<part>[^.]+)\.(?<region>[a-z]{2}(?:-[a-z]+)+-\d+)\.rds\.amazonaws\.com(?:\.cn)?\.?$/

/** Reads the region of an endpoint of RDS or Aurora from its name; undefined for any other host. */
export const rdsRegionOf = (host: string): string | undefined => rdsHost.exec(host.toLowerCase())?.groups?.region

/**
 * Tells whether a name is RDS Proxy's, `<proxy>.proxy-<account's part>.<region>.rds.amazonaws.com`.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-connecting.html
 */
export const isRdsProxy = (host: string): boolean =>
  rdsHost.exec(host.toLowerCase())?.groups?.part?.startsWith('proxy-') === true
