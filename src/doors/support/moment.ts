/** Points in time as back ends write them. */
import { IsDateTime } from 'typebox/format';

/** What JavaScript and every other language read as RFC 3339: with seconds, with an offset, in capitals. */
const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** What `isMoment` asks for, in words. */
export const NO_MOMENT = 'is not a date and time that there is, in the form of RFC 3339';

/** Whether it is a day of the calendar and a time of that day. Leap seconds are none to most who would read them. */
export function isMoment(text: string): boolean {
  return FORM.test(text) && IsDateTime(text) && !Number.isNaN(Date.parse(text));
}
