// Why a scan was refused or is looked at, in plain words: from the server's answer.

import { dayOf, knows, say } from "./_tani-words.js";

// The one that tells the person most comes first.
const ORDER = ["already_tagged", "foreign_tag", "wrong_check", "unknown_tag", "recalled", "already_sold"];

export function why({ findings = [], errors = [], reason = "", status } = {}) {
  const kinds = findings.map((finding) => finding.kind);
  const kind = ORDER.find((each) => kinds.includes(each)) ?? kinds[0];
  if (kind) {
    const { facts } = findings.find((finding) => finding.kind === kind);
    const filled = { day: facts.tagged_at ? dayOf(facts.tagged_at) : "", place: facts.other_place ?? "" };
    return say(knows(kind) ? kind : "other_finding", filled);
  }
  if (status === "conflict") return say("conflict");
  if (errors.some((error) => error.field === "carrier")) return say("carrier_unknown");
  if (!errors.length && / may not report /.test(reason)) return say("not_allowed");
  return say("not_understood", { reason });
}
