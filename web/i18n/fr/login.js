export default {
  "login.what": "Transport sanitaire urgent", "login.username": "Identifiant", "login.password": "Mot de passe",
  "login.enter": "Entrer", "login.kept": "Vous restez connecté sur cet appareil jusqu’à ce que vous vous déconnectiez.",
  "login.exercise": "Plateforme d’essai : aucune demande réelle",
};
