/** The rows of the pages that were read, without a copy of them: there may be a million, and a page more a hundred times. */
export class Rows<T> {
  readonly length: number;
  /** How many rows are before each page. */
  private readonly before: number[] = [];

  constructor(private readonly pages: readonly { value: T[] }[] = []) {
    let length = 0;
    for (const { value } of pages) {
      this.before.push(length);
      length += value.length;
    }
    this.length = length;
  }

  /** The row of a place, if there is one. */
  at(index: number): T | undefined {
    let [low, high] = [0, this.before.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.before[middle]! <= index) low = middle;
      else high = middle;
    }
    return this.pages[low]?.value[index - this.before[low]!];
  }
}
