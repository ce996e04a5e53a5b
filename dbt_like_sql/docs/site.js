// Finding a table by its name, and following the lines of a drawing. Without this, all is there to read.
const field = document.querySelector('nav input');
const items = [...document.querySelectorAll('nav li')];
const fits = () => items.filter((item) => !item.hidden);

field.addEventListener('input', () => {
  const wanted = field.value.trim().toLowerCase();
  for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  for (const layer of document.querySelectorAll('nav section')) layer.hidden = !layer.querySelector('li:not([hidden])');
  document.querySelector('nav .none').hidden = fits().length > 0;
});
field.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && fits().length) fits()[0].querySelector('a').click();
  if (event.key === 'Escape') {
    field.value = '';
    field.dispatchEvent(new Event('input'));
    field.blur();
  }
});
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('input[type="search"]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  }
});
document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'center' });

for (const drawing of document.querySelectorAll('.drawing')) {
  const boxes = [...drawing.querySelectorAll('.box')];
  const lines = [...drawing.querySelectorAll('path')];
  const follow = (name) => {
    const near = new Set([name]);
    for (const line of lines) {
      const touches = line.dataset.from === name || line.dataset.to === name;
      line.classList.toggle('near', touches);
      if (touches) near.add(line.dataset.from).add(line.dataset.to);
    }
    for (const box of boxes) box.classList.toggle('far', !near.has(box.dataset.name));
    drawing.classList.add('following');
  };
  const leave = () => {
    drawing.classList.remove('following');
    for (const box of boxes) box.classList.remove('far');
  };
  for (const box of boxes) {
    for (const start of ['mouseenter', 'focus']) box.addEventListener(start, () => follow(box.dataset.name));
    for (const end of ['mouseleave', 'blur']) box.addEventListener(end, leave);
  }
  const subject = drawing.querySelector('.subject rect');
  if (subject) {
    const [own, whole] = [subject.getBoundingClientRect(), drawing.getBoundingClientRect()];
    drawing.scrollLeft += (own.left + own.right - whole.left - whole.right) / 2;
  }
}

// An address such as index.html#facts_account_for_staging opens what it names.
const opened = () => document.querySelector(`details[id="${CSS.escape(location.hash.slice(1))}"]`)?.setAttribute('open', '');
addEventListener('hashchange', opened);
opened();
