// Sending a file: dropped or chosen, with how much of it is sent. Without scripts the form does it alone.
// And waiting for what becomes of it: asks as often as the server says, then opens the result.

type Said = { sending: string; sent: string; kept: string; again: string; several: string };
type Waiting = { steps: Record<string, string>; of: string; seconds: string; minutes: string; lost: string };
type Progress = { step: string; done: number; total: number; seconds_left: number | null };

const POLL_S = 2;
const number = new Intl.NumberFormat(document.documentElement.lang || undefined);

/** Fill in `{name}`. */
function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function takeFiles(form: HTMLFormElement): void {
  const said = JSON.parse(form.dataset.words ?? "{}") as Said;
  const input = form.querySelector<HTMLInputElement>("input[type=file]")!;
  const fault = form.querySelector<HTMLElement>(".fault")!;
  const sending = form.querySelector<HTMLElement>(".sending")!;

  const refuse = (text: string): void => {
    form.classList.remove("is-sending");
    sending.hidden = true;
    fault.hidden = false;
    fault.textContent = text;
  };
  const send = (file: File): void => {
    const bar = sending.querySelector("progress")!;
    const text = sending.querySelector(".sending-text")!;
    fault.hidden = true;
    sending.hidden = false;
    form.classList.add("is-sending");
    text.textContent = fill(said.sending, { name: file.name });
    const request = new XMLHttpRequest(); // fetch cannot tell how much is sent
    request.open("POST", `${form.dataset.upload}?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable || event.total === 0) return;
      bar.value = (100 * event.loaded) / event.total;
      bar.textContent = fill(said.sent, { percent: `${Math.round(bar.value)}%` });
    });
    request.addEventListener("load", () => {
      const answer = answered(request);
      if (request.status < 300 && answer.id !== undefined) {
        text.textContent = said.kept;
        location.assign(`${form.dataset.page}${encodeURIComponent(answer.id)}`);
      } else if (request.status === 401) location.reload(); // asks to sign in again
      else refuse(answer.detail ?? said.again);
    });
    request.addEventListener("error", () => refuse(said.again));
    request.send(file);
  };

  form.addEventListener("submit", (event) => {
    const file = input.files?.[0];
    if (file === undefined) return;
    event.preventDefault();
    send(file);
  });
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget as Node | null)) form.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    const [file, ...others] = event.dataTransfer?.files ?? [];
    if (others.length > 0) refuse(said.several);
    else if (file !== undefined) send(file);
  });
}

function answered(request: XMLHttpRequest): { id?: string; detail?: string } {
  try {
    return JSON.parse(request.responseText) as { id?: string; detail?: string };
  } catch {
    return {};
  }
}

function wait(page: HTMLElement): void {
  const words = JSON.parse(document.getElementById("steps")?.textContent ?? "{}") as Waiting;
  const text = page.querySelector<HTMLElement>(".progress-text")!;
  const bar = page.querySelector<HTMLProgressElement>(".run-progress")!;
  const say = (sentence: string): void => { if (text.textContent !== sentence) text.textContent = sentence; };
  const show = (progress: Progress): void => {
    let sentence = words.steps[progress.step] ?? words.steps.waiting ?? "";
    if (progress.total > 0) {
      bar.max = progress.total;
      bar.value = progress.done;
      sentence += `: ${fill(words.of, { done: number.format(progress.done), total: number.format(progress.total) })}`;
    } else bar.removeAttribute("value");
    const left = progress.seconds_left;
    if (left !== null && left >= 1) {
      sentence += `, ${left < 90 ? fill(words.seconds, { n: number.format(Math.ceil(left)) })
        : fill(words.minutes, { n: number.format(Math.ceil(left / 60)) })}`;
    }
    say(sentence);
  };
  const ask = async (): Promise<void> => {
    let pause = POLL_S;
    try {
      const answer = await fetch(page.dataset.poll!, { headers: { Accept: "application/json" } });
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) {
        const upload = (await answer.json()) as { run: { state: string; progress: Progress } };
        if (upload.run.state === "done" || upload.run.state === "failed") { location.reload(); return; }
        show(upload.run.progress);
        page.dispatchEvent(new CustomEvent("parkland:progress", { detail: upload.run.progress.step }));
      }
      pause = Number(answer.headers.get("Retry-After")) || POLL_S;
    } catch {
      say(words.lost);
      pause = 3 * POLL_S;
    }
    setTimeout(() => { void ask(); }, pause * 1000);
  };
  setTimeout(() => { void ask(); }, 700);
}

document.querySelectorAll<HTMLFormElement>("form.drop[data-upload]").forEach(takeFiles);
document.querySelectorAll<HTMLElement>("[data-poll]").forEach(wait);
