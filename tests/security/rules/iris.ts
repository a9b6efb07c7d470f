// ruleid: ts-html-from-text
box.innerHTML = name;
// ok: ts-html-from-text
box.textContent = name;
// ruleid: ts-html-from-text
box.insertAdjacentHTML('beforeend', name);
// ruleid: ts-code-from-text
eval(text);
// ruleid: ts-code-from-text
new Function(text);
// ruleid: ts-message-to-anybody
frame.postMessage(secret, '*');
// ok: ts-message-to-anybody
frame.postMessage(secret, origin);
// ruleid: ts-token-in-storage
localStorage.setItem('t', session.token);
// ok: ts-token-in-storage
localStorage.setItem('lang', lang);
