# ruleid: py-shell
subprocess.run(text, shell=True)
# ok: py-shell
subprocess.run(["tar", text])
# ruleid: py-code-from-data
pickle.load(f)
# ruleid: py-code-from-data
torch.load(f, map_location="cpu")
# ok: py-code-from-data
torch.load(f, weights_only=True)
# ruleid: py-archive-to-disk
archive.extractall(folder)
# ruleid: py-tls-not-verified
requests.get(url, verify=False)
# ok: py-tls-not-verified
requests.get(url)
