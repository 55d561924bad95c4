// What a person is about to say of one frame: nothing is sent before R or F.

export class Draft {
  /** `review`: one that is there, to be changed; or null. */
  constructor(item, review) {
    this.item = item;
    /** Index of a defect: "" for a false alarm, else the class that it has. What is not in it is right. */
    this.changed = new Map();
    /** {class_name, box_px}; the class is null until somebody says it. */
    this.missed = [];
    this.note = "";
    if (review !== null) this.#take(review);
  }

  #take(review) {
    this.note = review.note;
    if (review.says !== "corrected") return;
    for (const { defect, says, class_name } of review.judgements) if (says !== "right") this.changed.set(defect, says === "false_alarm" ? "" : class_name);
    this.missed = review.missed.map((one) => ({ ...one }));
  }

  get touched() {
    return this.changed.size > 0 || this.missed.length > 0;
  }

  /** Marks are the defects and, after them, what was missed. */
  get marks() {
    return this.item.defects.length + this.missed.length;
  }

  classOf(mark) {
    const { defects } = this.item;
    return mark < defects.length ? this.changed.get(mark) || defects[mark].class : this.missed[mark - defects.length].class_name;
  }

  isFalse(mark) {
    return this.changed.get(mark) === "";
  }

  /** This one is a false alarm, or not any more; a box of something missed is taken away. */
  turnFalse(mark) {
    const { length } = this.item.defects;
    if (mark >= length) this.missed.splice(mark - length, 1);
    else if (this.isFalse(mark)) this.changed.delete(mark);
    else this.changed.set(mark, "");
  }

  setRight(mark) {
    this.changed.delete(mark);
  }

  setClass(mark, name) {
    const { defects } = this.item;
    if (mark >= defects.length) this.missed[mark - defects.length].class_name = name;
    else if (defects[mark].class === name) this.changed.delete(mark);
    else this.changed.set(mark, name);
  }

  addMissed(box_px) {
    const { classes } = this.item;
    this.missed.push({ class_name: classes.length === 1 ? classes[0] : null, box_px });
  }

  /** Why it cannot be sent yet, or "". */
  get lacking() {
    return this.missed.some((one) => one.class_name === null) ? "Say the class of each box that you drew." : "";
  }

  /** What is sent, but for the revision. `says`: "right" (with the corrections), or "false_alarm" of all that was found. */
  body(says) {
    const { defects, shown } = this.item;
    const all = (kind) => ({ says: kind, judgements: [], missed: [], note: this.note.trim() });
    const judged = says === "false_alarm" ? new Map(defects.map((_, at) => [at, ""])) : this.changed;
    if (this.missed.length === 0 && (says === "false_alarm" || (judged.size > 0 && judged.size === defects.length && [...judged.values()].every((one) => one === "")))) return all("false_alarm");
    // A frame that was not segmented found nothing: that it is clean is all that can be said of it.
    if (this.missed.length === 0 && judged.size === 0) return all(shown.mask === null ? "false_alarm" : "right");
    const judgements = [...judged].map(([defect, name]) => ({ defect, says: name === "" ? "false_alarm" : "other_class", class_name: name || null }));
    return { ...all("corrected"), judgements, missed: this.missed.map((one) => ({ ...one })) };
  }
}

/** Whether a review says already what would be sent. */
export function saysTheSame(review, body) {
  const told = ({ says, judgements, missed, note }) => JSON.stringify([
    says, note, judgements.filter((one) => one.says !== "right").map((one) => [one.defect, one.says, one.class_name]).sort(), missed.map((one) => [one.class_name, one.box_px]),
  ]);
  return review !== null && told(review) === told(body);
}
