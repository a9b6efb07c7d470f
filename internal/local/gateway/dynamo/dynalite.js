'use strict'
// Dynalite on a Unix socket. Arguments: its module's folder, the database's
// folder, the socket. File descriptor 3 reaches its end when the parent is gone.
const fs = require('fs')
const net = require('net')
const path = require('path')
const [module_, database, socket] = process.argv.slice(1)

// dynalite 4 ends its streams by iterator.return, which abstract-level 3 does
// not have: without this every Query and Scan keeps a LevelDB iterator open for
// ever, about 14 KB of memory that no garbage collection frees.
const level = require(require.resolve('abstract-level', { paths: [path.dirname(module_)] }))
for (const kind of [level.AbstractIterator, level.AbstractKeyIterator, level.AbstractValueIterator]) {
  kind.prototype.return = function () { return this.close() }
}

process.umask(0o077)
fs.rmSync(socket, { force: true })
const server = require(module_)({ path: database, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
const end = () => {
  server.closeIdleConnections()
  server.close(() => process.exit(0))
}
server.on('error', (e) => { console.error(e.code); process.exit(1) })
server.keepAliveTimeout = 60000
server.listen(socket)
process.on('SIGTERM', end)
const parent = new net.Socket({ fd: 3 })
parent.on('error', () => process.exit(0))
parent.on('close', () => process.exit(0))
parent.resume()
