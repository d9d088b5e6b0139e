/** A1: who may log in, and as what. */
import { useState } from 'preact/hooks';
import { useGet } from '../core/api';
import { t, tr } from '../core/i18n';
import { ROLES } from '../core/me';
import { notify } from '../core/notices';
import type { PeopleDoc, PersonRow } from '../core/schema';
import { change, useRefresh } from './send';

/** These log in with a password, from any device; the others with a PIN on an enrolled tablet. */
const WITH_PASSWORD: ReadonlySet<string> = new Set(['engineer', 'admin']);

export function People() {
  const [turn, refresh] = useRefresh();
  const doc = useGet<PeopleDoc>('/api/admin/people', turn);
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('operator');
  const activate = async ({ name: who }: PersonRow, active: boolean) => {
    await change('people/active', { name: who, active });
    refresh();
  };
  const pick = (person: PersonRow) => {
    setName(person.name);
    setRole(person.role);
    document.getElementById('secret')?.focus();
  };
  return (
    <>
      <PersonForm name={name} setName={setName} role={role} setRole={setRole} done={refresh} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('admin.name')}</th>
              <th scope="col">{t('admin.role')}</th>
              <th scope="col">{t('admin.state')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {doc?.people.map((p) => (
              <tr key={p.name}>
                <th scope="row">
                  <bdi>{p.name}</bdi>
                </th>
                <td>{tr('role', p.role)}</td>
                <td>{p.active ? `● ${t('admin.active')}` : `■ ${t('admin.removed')}`}</td>
                <td class="buttons">
                  <button type="button" onClick={() => pick(p)} aria-label={`${t('admin.change')}: ${p.name}`}>
                    {t('admin.change')}
                  </button>
                  <button
                    type="button"
                    onClick={() => void activate(p, !p.active)}
                    aria-label={`${p.active ? t('admin.remove') : t('admin.restore')}: ${p.name}`}
                  >
                    {p.active ? t('admin.remove') : t('admin.restore')}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface Form {
  name: string;
  setName: (name: string) => void;
  role: string;
  setRole: (role: string) => void;
  done: () => void;
}

function PersonForm({ name, setName, role, setRole, done }: Form) {
  const [secret, setSecret] = useState('');
  const password = WITH_PASSWORD.has(role);
  const save = async (event: Event) => {
    event.preventDefault();
    if (!(await change('people', { name, role, secret }))) return;
    notify('admin.saved', () => ({ name }));
    setName('');
    setSecret('');
    done();
  };
  return (
    <form class="controls" autocomplete="off" onSubmit={(e) => void save(e)}>
      <label>
        {t('admin.name')}
        <input id="person" required maxLength={80} value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <label>
        {t('admin.role')}
        <select id="role" value={role} onChange={(e) => setRole(e.currentTarget.value)}>
          {ROLES.map((r) => (
            <option key={r} value={r}>
              {tr('role', r)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {password ? t('admin.password') : t('admin.pin')}
        <input
          id="secret"
          type="password"
          autocomplete="new-password"
          required
          minLength={password ? 12 : 6}
          maxLength={128}
          value={secret}
          onInput={(e) => setSecret(e.currentTarget.value)}
        />
      </label>
      <button type="submit">{t('admin.save')}</button>
      <p>{password ? t('admin.password_rule') : t('admin.pin_rule')}</p>
    </form>
  );
}
