// Keeps the cache as the server has it: the state, then every change from the position at which it was read.
import type { Client } from "urql";
import { Board, Changes } from "./documents";

export function follow(client: Client, onError: (message: string) => void): () => void {
  let stop = () => {};
  let stopped = false;

  async function start(): Promise<void> {
    const { error, extensions } = await client.query(Board, {}, { requestPolicy: "network-only" }).toPromise();
    if (stopped) return;
    if (error) return onError(error.message);
    const variables = { resumeFrom: extensions?.position as string | undefined };
    ({ unsubscribe: stop } = client.subscription(Changes, variables).subscribe(({ data, error }) => {
      if (error) return onError(error.message);
      const message = data?.taskChanged;
      // Messages may be missing: the state is read again, and followed from there.
      if (message?.__typename === "Discontinuity") {
        stop();
        void start();
      }
    }));
  }

  void start();
  return () => {
    stopped = true;
    stop();
  };
}
