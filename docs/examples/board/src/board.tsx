import { useEffect, useState, type FormEvent } from "react";
import { useClient, useQuery } from "urql";
import { TaskCard } from "./card";
import { Board as BoardDocument, Create, Users } from "./documents";
import { useEdit } from "./edits";
import { follow } from "./follow";
import type { TaskStatus } from "./gql/graphql";
import { signOut } from "./session";

export const COLUMNS = {
  TODO: "To do",
  IN_PROGRESS: "In progress",
  IN_REVIEW: "In review",
  COMPLETED: "Completed",
} satisfies Partial<Record<TaskStatus, string>>;

export function Board({ connected }: { connected: boolean }) {
  const client = useClient();
  const [refusal, setRefusal] = useState("");
  const edit = useEdit(setRefusal);
  const [board] = useQuery({ query: BoardDocument });
  const [people] = useQuery({ query: Users });
  useEffect(() => follow(client, setRefusal), [client]);

  const tasks = board.data?.tasks?.edges.map((edge) => edge.node) ?? [];
  const persons = people.data?.users?.edges.map((edge) => edge.node) ?? [];

  function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    edit(Create, { title: String(new FormData(form).get("title")) });
    form.reset();
  }

  return (
    <main>
      <header>
        <form onSubmit={create}>
          <input name="title" placeholder="What is to be done?" aria-label="New task" required />
          <button>Add</button>
        </form>
        <span role="status">{connected ? "Live" : "Connecting…"}</span>
        <button onClick={signOut}>Sign out</button>
      </header>
      {refusal && (
        <p>
          <span role="alert">{refusal}</span> <button onClick={() => setRefusal("")}>Dismiss</button>
        </p>
      )}
      <div className="columns">
        {Object.entries(COLUMNS).map(([status, name]) => (
          <section key={status} aria-label={name}>
            <h2>{name}</h2>
            {tasks
              .filter((task) => task.status === status)
              .map((task) => (
                <TaskCard key={task.id} task={task} people={persons} edit={edit} />
              ))}
          </section>
        ))}
      </div>
    </main>
  );
}
