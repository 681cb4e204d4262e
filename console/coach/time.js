'use strict';
// Times are shown where and as the person lives; the server, which cannot know, wrote UTC.
for (const time of document.querySelectorAll('time[datetime]')) {
  const when = new Date(time.dateTime);
  if (Number.isNaN(when.getTime())) continue;
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
    day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short',
  }).format(when);
}
