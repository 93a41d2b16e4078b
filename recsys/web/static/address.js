// Addresses as the server, the browser and a host page have them, and the link that visitors copy.

// Fields whose names start with "__" are the host's, as __theme: they stay in the browser's address,
// and the server's handlers never get them.
const fieldsOf = (address) => address.replace(/^\?/, '').split('&').filter(Boolean);
const isHosts = (field) => /^(_|%5f){2}/i.test(field);
const hostFields = fieldsOf(window.location.search).filter(isHosts);
const join = (address, fields) => '?' + [...fieldsOf(address), ...fields].join('&');

export const ownAddress = (search) => join('', fieldsOf(search).filter((field) => !isHosts(field)));

export function browserAddress(address) {
  const whole = join(address, hostFields);
  return whole === '?' ? window.location.pathname : whole;
}

// What a host page shows as its address. It signs frames of private Spaces itself.
export const hostAddress = (address) =>
  join(address, hostFields.filter((field) => !/^__sign=/.test(field)));

function linkHere() {
  const {site, address} = document.querySelector('.top').dataset;
  return (site || window.location.origin + window.location.pathname) + (address === '?' ? '' : address);
}

// Where a page may not write to the clipboard, visitors copy the link from a field.
function showLink(button, link) {
  const field = document.createElement('input');
  Object.assign(field, {className: 'link-here', readOnly: true, value: link, ariaLabel: 'Link to this page'});
  button.parentElement.querySelector('.link-here')?.remove();
  button.after(field);
  field.focus({preventScroll: true});
  field.select();
}

export async function copyLink(button) {
  const link = linkHere(), label = button.dataset.copy || button.textContent;
  try {
    await navigator.clipboard.writeText(link);
  } catch {
    return showLink(button, link);
  }
  button.dataset.copy = label;
  button.textContent = 'Link copied';
  setTimeout(() => (button.textContent = label), 2000);
}
