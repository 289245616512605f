// Runs the audits of GraphQL over HTTP for somebody who shows these headers, given as JSON; prints one line of JSON: every
// audit that failed, and how many ran.
import { auditServer } from "graphql-http";

const [url, shown] = process.argv.slice(2);
const results = await auditServer({
  url,
  fetchFn: (input, init = {}) => fetch(input, { ...init, headers: { ...init.headers, ...JSON.parse(shown) } }),
});
const failed = results
  .filter((result) => result.status !== "ok")
  .map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify({ audits: results.length, failed }));
