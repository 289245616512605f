// Sends edits, and says in words why one was refused.
import type { TypedDocumentNode } from "@urql/core";
import { useClient } from "urql";

type Answer = { __typename: "TaskReceipt" } | { __typename: "Refused"; message: string };

export type Edit = <Input>(
  document: TypedDocumentNode<Record<string, Answer>, { input: Input; commandId: string }>,
  input: Input,
) => void;

export function useEdit(onRefused: (message: string) => void): Edit {
  const client = useClient();
  return (document, input) => {
    const variables = { input, commandId: crypto.randomUUID() };
    void client
      .mutation(document, variables)
      .toPromise()
      .then(({ data, error }) => {
        const [answer] = Object.values(data ?? {});
        if (error) onRefused(error.message);
        else if (answer?.__typename === "Refused") onRefused(answer.message);
      });
  };
}
