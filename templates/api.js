'use strict';
const made = (tag, text, parent) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (parent) parent.append(element);
  return element;
};
const field = (parameter, form, at) => {
  const line = made('p', '', form);
  line.className = 'field';
  const label = made('label', parameter.name, line);
  const input = made('input', '', line);
  input.id = `${at}-${parameter.name}`;
  label.htmlFor = input.id;
  input.required = parameter.required;
  made('small', parameter.description, line);
  return [parameter, input];
};
const ask = async (path, method, fields, media, out) => {
  let address = path;
  const query = new URLSearchParams();
  for (const [parameter, input] of fields) {
    if (input.value === '') continue;
    if (parameter.in === 'path') address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else query.set(parameter.name, input.value);
  }
  if ([...query].length) address += `?${query}`;
  const headers = { Accept: media };
  const token = document.getElementById('token').value;
  if (token) headers.Authorization = `Bearer ${token}`;
  out.textContent = `${method} ${address}\n…`;
  try {
    const response = await fetch(address, { method, headers });
    const text = await response.text();
    const json = (response.headers.get('content-type') || '').includes('json');
    // Numbers have more digits than a script can hold, so the text is shown as it came.
    out.textContent = `${method} ${address}\n${response.status}\n\n${json ? indented(text) : text}`;
  } catch (error) {
    out.textContent = `${method} ${address}\n${error}`;
  }
};
const indented = (text) => {
  let [out, depth, inside] = ['', 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (inside) {
      out += c;
      if (c === '\\') { at += 1; out += text[at]; } else if (c === '"') inside = false;
    } else if (c === '"') { inside = true; out += c;
    } else if (c === '{' || c === '[') {
      depth += 1;
      out += c + '\n' + '  '.repeat(depth);
    } else if (c === '}' || c === ']') {
      depth -= 1;
      out += '\n' + '  '.repeat(depth) + c;
    } else if (c === ',') out += ',\n' + '  '.repeat(depth);
    else if (c === ':') out += ': ';
    else if (!/\s/.test(c)) out += c;
  }
  return out;
};
const show = (path, method, what, at) => {
  const details = made('details', '', document.getElementById('paths'));
  const summary = made('summary', '', details);
  made('code', `${method} ${path}`, summary);
  made('span', ` ${what.summary || what.description || ''}`, summary);
  const form = made('form', '', details);
  const fields = (what.parameters || []).map((parameter) => field(parameter, form, `p${at}`));
  const kinds = Object.keys(what.responses['200'].content);
  const select = made('select', '', form);
  select.ariaLabel = 'kind of answer';
  kinds.forEach((kind) => made('option', kind, select));
  made('button', 'Ask', form);
  const out = made('pre', '', details);
  out.tabIndex = 0;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask(path, method, fields, select.value, out);
  });
};
fetch('/api/openapi.json').then((response) => response.json()).then((api) => {
  document.getElementById('token-field').hidden = false;
  let at = 0;
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, what] of Object.entries(methods)) show(path, method.toUpperCase(), what, at += 1);
  }
});
