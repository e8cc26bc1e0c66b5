/** Regulating: take, give up, hand over, tick. Whatever leaves somebody without an answer asks twice. */

import { post, put, remove } from "core/api.js";
import { t } from "core/i18n.js";
import { sentenceOf } from "core/problem.js";
import { confirm } from "parts/dialogs.js";
import { complain, toast } from "parts/toasts.js";

export class Duty {
  #desk;
  #beat;

  constructor(desk, beat) {
    this.#desk = desk;
    this.#beat = beat;
  }

  /** Regulate every site that nobody regulates. */
  takeFree() {
    return this.#doing("take", async () => {
      const done = await Promise.allSettled(this.#desk.free.map((each) => put(`/v1/regulation/sites/${each.id}`)));
      const failed = done.find((each) => each.status === "rejected");
      if (failed) throw failed.reason;
    });
  }

  /** Regulate a site; when another post does, ask whether to take its place, and tell whose it is. */
  take(site) {
    return this.#doing(`take ${site.id}`, async () => {
      try {
        await put(`/v1/regulation/sites/${site.id}`);
      } catch (error) {
        if (error.code !== "lease_held_elsewhere") throw error;
        if (await this.#sureToTakeOver(site, error)) {
          await put(`/v1/regulation/sites/${site.id}`, { take_over: true });
        }
      }
    });
  }

  /** Regulate sites that other posts regulate, once that is said again with their names. */
  takeOver(sites) {
    return this.#doing("take", async () => {
      const device = (site) => site.regulation.device?.name ?? "";
      const names = sites.map((each) => t("means.held_line", { site: each.name, device: device(each) }));
      const text = t("means.take_all_text", { holders: names.join(" ; ") });
      if (!(await confirm(t("means.take_all_title"), text, { yes: t("means.take_over"), danger: true }))) return;
      await Promise.all(sites.map((each) => put(`/v1/regulation/sites/${each.id}`, { take_over: true })));
    });
  }

  /** Regulate a site no more; with work that nobody would do, only when that is said again. */
  giveUp(site) {
    return this.#doing(`give ${site.id}`, async () => {
      const path = `/v1/regulation/sites/${site.id}`;
      try {
        await remove(path);
      } catch (error) {
        if (error.code !== "confirmation_required") throw error;
        const yes = t("regulation.give_up_all_the_same");
        if (await confirm(t("means.give_up_title", { site: site.name }), this.#left(error), { yes, danger: true })) {
          await remove(`${path}?confirm=true`);
        }
      }
    });
  }

  /** Offer all that this post regulates to another one, which has to accept. True when everything is offered. */
  async handOver(device) {
    const done = await this.#doing("offer", async () => {
      const offer = (site) => post(`/v1/regulation/sites/${site.id}/handover`, { to_device_id: device.id });
      await Promise.all(this.#desk.held.map(offer));
      return true;
    });
    if (done) toast(t("handover.offered", { device: device.name }), "good");
    return done === true;
  }

  /** Take an offer back: the sites stay here. */
  withdraw(sites) {
    return this.#doing("withdraw", async () => {
      await Promise.all(sites.map((site) => remove(`/v1/regulation/sites/${site.id}/handover`)));
    });
  }

  /** Regulate what was offered to this post. */
  async accept(offers) {
    const done = await this.#doing("accept", async () => {
      await Promise.all(offers.map((each) => post(`/v1/regulation/sites/${each.site_id}/handover/acceptance`)));
      return true;
    });
    if (done) toast(t("handover.accepted", { sites: offers.map((each) => each.site_name).join(", ") }), "good");
  }

  /** Tick or untick a site or a vehicle; `until` is an instant or null. The last one asks first. */
  async tick(kind, means, available, until = null) {
    if (!available && this.#isLast(means)) {
      const sure = await confirm(t("means.last_title"), t("means.last_text", { name: means.name }), {
        yes: t("means.last_yes"),
        danger: true,
      });
      if (!sure) return this.#desk.learn();
    }
    this.#desk.ticking.set(means.id, available);
    await this.#doing(`tick ${means.id}`, () =>
      put(`/v1/${kind}/${means.id}/availability`, { available, ...(available && until ? { until } : {}) }),
    );
    this.#desk.ticking.delete(means.id);
    this.#desk.learn();
  }

  /** Whether nothing at all would be received any more. */
  #isLast(means) {
    const told = this.#beat.told?.receives;
    const received = told ? [...told.sites, ...told.vehicles] : [];
    return received.length === 1 && received[0].id === means.id;
  }

  #sureToTakeOver(site, error) {
    const holder = error.problem.holder;
    const text = holder
      ? t("means.held_by", { device: holder.device_name, person: holder.person, site: site.name })
      : sentenceOf(error);
    return confirm(t("means.take_over_title", { site: site.name }), text, { yes: t("means.take_over"), danger: true });
  }

  #left(error) {
    const { open_solicitations: open = 0, running_missions: running = 0 } = error.problem;
    const parts = [open && t("left.solicitations", { n: open }), running && t("left.missions", { n: running })];
    return t("means.give_up_text", { what: parts.filter(Boolean).join(t("and")) });
  }

  /** Do it, then know what became of it; a refusal is said. */
  async #doing(word, run) {
    try {
      return await this.#desk.whileDoing(word, async () => {
        const done = await run();
        await Promise.all([this.#beat.now(), this.#desk.readFleet.now(), this.#desk.readAsked.now()]);
        return done;
      });
    } catch (error) {
      complain(error);
      this.#beat.now();
      this.#desk.readFleet.now();
      return null;
    }
  }
}
