'use strict'
// Runs before dynalite.js in a test and counts the LevelDB iterators that are
// open. On SIGUSR2 the count is written to the database's path + ".iterators".
const files = require('fs')
const abstract = require(require.resolve('abstract-level', { paths: [require('path').dirname(process.argv[1])] }))
const opened = new Set()
for (const kind of [abstract.AbstractIterator, abstract.AbstractKeyIterator, abstract.AbstractValueIterator]) {
  const { next, close } = kind.prototype
  kind.prototype.next = function () { opened.add(this); return next.call(this) }
  kind.prototype.close = function () { opened.delete(this); return close.call(this) }
}
process.on('SIGUSR2', () => {
  const file = process.argv[2] + '.iterators'
  files.writeFileSync(file + '.new', String(opened.size))
  files.renameSync(file + '.new', file)
});
