import { useState } from "react";
import { COLUMNS } from "./board";
import { ChangeStatus, Update } from "./documents";
import type { Edit } from "./edits";
import type { CardFragment, TaskStatus } from "./gql/graphql";

interface Props {
  task: CardFragment;
  people: { id: string; name: string }[];
  edit: Edit;
}

export function TaskCard({ task, people, edit }: Props) {
  // While somebody types, what comes from elsewhere does not disturb them.
  const [draft, setDraft] = useState<string>();

  function rename() {
    if (draft !== undefined && draft !== task.title) edit(Update, { id: task.id, title: draft });
    setDraft(undefined);
  }

  return (
    <article>
      <input
        aria-label="Title"
        value={draft ?? task.title}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={rename}
        onKeyDown={(event) => event.key === "Enter" && rename()}
      />
      <select
        aria-label="Status"
        value={task.status}
        onChange={(event) => edit(ChangeStatus, { id: task.id, status: event.target.value as TaskStatus })}
      >
        {Object.entries(COLUMNS).map(([status, name]) => (
          <option key={status} value={status}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Assignee"
        value={task.assignee?.id ?? ""}
        onChange={(event) => edit(Update, { id: task.id, assignedTo: event.target.value || null })}
      >
        <option value="">Nobody</option>
        {people.map((person) => (
          <option key={person.id} value={person.id}>
            {person.name}
          </option>
        ))}
      </select>
    </article>
  );
}
